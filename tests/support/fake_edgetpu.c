/* A stand-in for libedgetpu: a TFLite external delegate that needs no device.
 *
 * It claims the operators named edgetpu-custom-op, or every operator if FAKE_EDGETPU_CLAIMS is "all", as another
 * delegate might. Its output is 255 for the class whose number is the first pixel modulo the number of classes, and 0
 * for the others. FAKE_EDGETPU makes it fail, see requested(). It appends a line for each call to the file that
 * FAKE_EDGETPU_LOG names. The structures are those of tensorflow/lite/core/c/common.h, down to the last field used;
 * the fields that newer runtimes added behind are zero.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct { int size; int data[]; } IntArray;
typedef struct { float scale; int32_t zero_point; } QuantizationParams;

typedef struct {
  int type; void *data; IntArray *dims; QuantizationParams params; int allocation_type; size_t bytes;
  const void *allocation; const char *name; void *delegate; int buffer_handle; bool data_is_stale; bool is_variable;
  struct { int type; void *params; } quantization; void *sparsity; const IntArray *dims_signature;
} Tensor;

typedef struct { IntArray *inputs, *outputs; } Node;

typedef struct Context Context;
typedef struct Delegate Delegate;

typedef struct {
  void *(*init)(Context *, const char *, size_t); void (*free)(Context *, void *);
  int (*prepare)(Context *, Node *); int (*invoke)(Context *, Node *); const char *(*profiling)(const Context *, const Node *);
  int32_t builtin_code; const char *custom_name; int version; void *added_since[8];
} Registration;

struct Context {
  size_t tensors_size; int (*GetExecutionPlan)(Context *, IntArray **); Tensor *tensors; void *impl;
  int (*ResizeTensor)(Context *, Tensor *, IntArray *); void (*ReportError)(Context *, const char *, ...);
  int (*AddTensors)(Context *, int, int *); int (*GetNodeAndRegistration)(Context *, int, Node **, Registration **);
  int (*Replace)(Context *, Registration, const IntArray *, Delegate *);
};

struct Delegate {
  void *data; int (*Prepare)(Context *, Delegate *); void *buffer_handles[3]; int64_t flags; void *added_since[8];
};

enum { CONSTANT = 1 }; /* kTfLiteMmapRo */

static int invocations;

static bool requested(const char *mode) {
  const char *value = getenv("FAKE_EDGETPU");
  return value && !strcmp(value, mode);
}

static void report_call(const char *call, const char *argument) {
  const char *path = getenv("FAKE_EDGETPU_LOG");
  FILE *file = path ? fopen(path, "a") : NULL;
  if (file) fprintf(file, "%s %s\n", call, argument), fclose(file);
}

static int invoke(Context *context, Node *node) {
  Tensor *in = NULL, *out = &context->tensors[node->outputs->data[0]];
  for (int i = node->inputs->size; i--;) /* weights are inputs, too, when ordinary operators are claimed */
    if (context->tensors[node->inputs->data[i]].allocation_type != CONSTANT) in = &context->tensors[node->inputs->data[i]];
  report_call("invoke", "");
  if (requested("invoke aborts")) abort();
  /* "later" lets the probe and the warm-up pass, each of which is one call in a separate process. */
  if (requested("invoke fails") || (requested("invoke fails later") && invocations++ > 0)) {
    context->ReportError(context, "USB transfer error");
    return 1;
  }
  memset(out->data, 0, out->bytes);
  ((uint8_t *)out->data)[((uint8_t *)in->data)[0] % out->bytes] = 255;
  return 0;
}

static int prepare(Context *context, Delegate *delegate) {
  IntArray *plan, *claimed;
  const char *claims = getenv("FAKE_EDGETPU_CLAIMS");
  bool all = claims && !strcmp(claims, "all");
  if (requested("prepare fails")) return 1;
  if (context->GetExecutionPlan(context, &plan)) return 1;
  claimed = calloc(1, sizeof *claimed + plan->size * sizeof(int));
  for (int i = 0; i < plan->size; i++) {
    Node *node;
    Registration *registration;
    if (context->GetNodeAndRegistration(context, plan->data[i], &node, &registration)) return 1;
    bool compiled = registration->custom_name && !strcmp(registration->custom_name, "edgetpu-custom-op");
    if (compiled || all) claimed->data[claimed->size++] = plan->data[i];
  }
  Registration kernel = {.invoke = invoke, .custom_name = "FakeEdgeTpu", .version = 1};
  int status = context->Replace(context, kernel, claimed, delegate);
  free(claimed);
  return status;
}

__attribute__((constructor)) static void loaded(void) {
  if (requested("segfault at load")) *(volatile int *)0 = 0;
}

Delegate *tflite_plugin_create_delegate(char **keys, char **values, size_t count, void (*report)(const char *)) {
  for (size_t i = 0; i < count; i++) report_call(keys[i], values[i]);
  if (requested("abort")) abort();
  if (requested("hang")) for (;;) pause();
  if (requested("error")) report("firmware too old");
  if (requested("error") || requested("no device")) return NULL;
  Delegate *delegate = calloc(1, sizeof *delegate);
  delegate->Prepare = prepare;
  delegate->flags = 1; /* without it Prepare is never called */
  report_call("create", "");
  return delegate;
}

void tflite_plugin_destroy_delegate(Delegate *delegate) {
  report_call("destroy", "");
  free(delegate);
}
