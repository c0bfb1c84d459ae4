/* A stand-in for libedgetpu: a TFLite external delegate that needs no device.
 *
 * It claims the operators named edgetpu-custom-op and answers with 255 for the class whose number is the first pixel
 * modulo the number of classes, and 0 for the others. FAKE_EDGETPU says what is wrong with it, FAKE_EDGETPU_LOG names a
 * file that gets a line for each thing it is asked to do. The structures are those of tensorflow/lite/core/c/common.h,
 * down to the last field used; what newer runtimes added behind is zero.
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

static int invoked;

static bool asked_to(const char *mode) {
  const char *asked = getenv("FAKE_EDGETPU");
  return asked && !strcmp(asked, mode);
}

static void note(const char *word, const char *more) {
  const char *path = getenv("FAKE_EDGETPU_LOG");
  FILE *file = path ? fopen(path, "a") : NULL;
  if (file) fprintf(file, "%s %s\n", word, more), fclose(file);
}

static int invoke(Context *context, Node *node) {
  Tensor *in = &context->tensors[node->inputs->data[0]], *out = &context->tensors[node->outputs->data[0]];
  note("invoke", "");
  if (asked_to("invoke aborts")) abort();
  /* "later" lets the trial and the warm-up pass: one call in a process each. */
  if (asked_to("invoke fails") || (asked_to("invoke fails later") && invoked++ > 0)) {
    context->ReportError(context, "USB transfer error");
    return 1;
  }
  memset(out->data, 0, out->bytes);
  ((uint8_t *)out->data)[((uint8_t *)in->data)[0] % out->bytes] = 255;
  return 0;
}

static int prepare(Context *context, Delegate *delegate) {
  IntArray *plan, *mine;
  if (asked_to("prepare fails")) return 1;
  if (context->GetExecutionPlan(context, &plan)) return 1;
  mine = calloc(1, sizeof *mine + plan->size * sizeof(int));
  for (int i = 0; i < plan->size; i++) {
    Node *node;
    Registration *registration;
    if (context->GetNodeAndRegistration(context, plan->data[i], &node, &registration)) return 1;
    if (registration->custom_name && !strcmp(registration->custom_name, "edgetpu-custom-op"))
      mine->data[mine->size++] = plan->data[i];
  }
  Registration kernel = {.invoke = invoke, .custom_name = "FakeEdgeTpu", .version = 1};
  int status = context->Replace(context, kernel, mine, delegate);
  free(mine);
  return status;
}

__attribute__((constructor)) static void loaded(void) {
  if (asked_to("segfault at load")) *(volatile int *)0 = 0;
}

Delegate *tflite_plugin_create_delegate(char **keys, char **values, size_t count, void (*report)(const char *)) {
  for (size_t i = 0; i < count; i++) note(keys[i], values[i]);
  if (asked_to("abort")) abort();
  if (asked_to("hang")) for (;;) pause();
  if (asked_to("error")) report("firmware too old");
  if (asked_to("error") || asked_to("no device")) return NULL;
  Delegate *delegate = calloc(1, sizeof *delegate);
  delegate->Prepare = prepare;
  delegate->flags = 1; /* without it Prepare is never called */
  note("create", "");
  return delegate;
}

void tflite_plugin_destroy_delegate(Delegate *delegate) {
  note("destroy", "");
  free(delegate);
}
