#!/bin/sh
# prune.sh ENVIRONMENT: removes from an environment what the wheels bring and the daemon never loads, and strips debug
# symbols. tests/container/test_image.py runs what is left.
set -eu
cd "$1"/lib/python3*/site-packages
# LiteRT's compiler, its plug-ins, its WebGPU delegate, and the schema of model files; the interpreter needs none of them.
rm -rf ai_edge_litert/tools ai_edge_litert/vendors ai_edge_litert/aot ai_edge_litert/libLiteRt*.so \
    ai_edge_litert/*_pb2.py ai_edge_litert/schema_py_generated.py
find cv2/data -name '*.xml' ! -name haarcascade_frontalface_alt2.xml -delete
rm -rf bin numpy/f2py numpy/_core/_simd.* numpy/_core/*_tests.*
find . -type d -name tests -prune -exec rm -r {} +
find . \( -name '*.pyi' -o -name '*.h' -o -name '*.a' \) -delete
find . -name '*.so*' -type f -exec strip --strip-unneeded {} +
# Programs of the packages; fer-edge is the one that is used.
find "$1/bin" -type f ! -name fer-edge -delete
