// RUN: seqc-opt %s -seqc-expose-buffers | FileCheck %s
// RUN: seqc-opt %s -seqc-expose-buffers -convert-seq-to-loops -seqc-bufferize -seqc-plan-memory | FileCheck %s --check-prefix=MEMORY
// Versions are bodies of their own; what a call runs, and how much scratch that needs, depends on its sizes.
// CHECK-LABEL: func.func private @seqc_scratch_f.0(!llvm.ptr) -> i64
// CHECK-LABEL: func.func @seqc_body_f(
// CHECK-SAME: %[[PTRS:.*]]: !llvm.ptr, %[[SIZES:.*]]: !llvm.ptr, %[[SCRATCH:.*]]: !llvm.ptr, %[[PAR:.*]]: !llvm.ptr)
// The second size of the second argument is the fourth of all.
// CHECK: llvm.getelementptr %[[SIZES]][3]
// CHECK: arith.cmpi sge, %{{.*}}, %c7
// CHECK: scf.if
// CHECK-NEXT: func.call @seqc_body_f.1(%[[PTRS]], %[[SIZES]], %[[SCRATCH]], %[[PAR]])
// CHECK: else
// The value of an index argument has the place behind them.
// CHECK: llvm.getelementptr %[[SIZES]][4]
// CHECK: arith.cmpi slt, %{{.*}}, %c5
// CHECK: llvm.load %[[SIZES]]
// CHECK: arith.ori
// CHECK: scf.if
// CHECK: func.call @seqc_body_f.2(
// CHECK: else
// CHECK: func.call @seqc_body_f.0(
// CHECK-LABEL: func.func @seqc_scratch_f(
// CHECK: scf.if
// CHECK: func.call @seqc_scratch_f.1(
// CHECK-LABEL: func.func private @seqc_body_f.0(
// CHECK-LABEL: func.func private @seqc_body_f.1(
// CHECK-NOT: seq.version
// MEMORY: func.func private @seqc_scratch_f.0(%{{.*}}: !llvm.ptr) -> i64 {
// MEMORY: func.func @seqc_scratch_f(%
// MEMORY-NOT: @seqc_scratch_f(
// MEMORY: func.func private @seqc_scratch_f.2(%{{.*}}: !llvm.ptr) -> i64 {
func.func @f(%x: tensor<?x?xf32>, %y: tensor<?x?xf32>, %n: index) -> tensor<?x?xf32> {
  return %x : tensor<?x?xf32>
}
func.func private @f.one(%x: tensor<?x?xf32>, %y: tensor<?x?xf32>, %n: index) -> tensor<?x?xf32> attributes {seq.version = [#seq.version<@f, argument = 1, dimension = 1, from = 7>]} {
  return %x : tensor<?x?xf32>
}
func.func private @f.two(%x: tensor<?x?xf32>, %y: tensor<?x?xf32>, %n: index) -> tensor<?x?xf32> attributes {seq.version = [#seq.version<@f, argument = 2, dimension = 0, below = 5>, #seq.version<@f, argument = 0, dimension = 0, from = 3>]} {
  return %x : tensor<?x?xf32>
}
