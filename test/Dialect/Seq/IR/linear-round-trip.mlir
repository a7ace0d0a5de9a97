// RUN: %seqc-opt %s | %seqc-opt | FileCheck %s
// RUN: %seqc-opt %s --mlir-print-op-generic | %seqc-opt | FileCheck %s
// RUN: %seqc-opt %s --emit-bytecode | %seqc-opt | FileCheck %s

// CHECK-LABEL: @structures
func.func @structures(%ab: tensor<?x?x2x2x8xf32>, %ub: tensor<?x?x2x8xf32>, %hb: tensor<?x2x8xf32>, %cb: tensor<?x?x2xf32>,
    %ah: tensor<4x3x3xf32>, %uh: tensor<?x4x3xf32>, %hh: tensor<4x3xf32>,
    %ad: tensor<?x?x5x5xf64>, %ud: tensor<?x?x5xf64>, %hd: tensor<?x5xf64>) {
  // CHECK: seq.affine_recurrence block decay(%{{.*}}) input(%{{.*}}) initial(%{{.*}}) readout(%{{.*}}) {state_rank = 2 : i64}
  %y0, %l0 = seq.affine_recurrence block decay(%ab) input(%ub) initial(%hb) readout(%cb) {state_rank = 2 : i64}
    : (tensor<?x?x2x2x8xf32>, tensor<?x?x2x8xf32>, tensor<?x2x8xf32>, tensor<?x?x2xf32>) -> (tensor<?x?x8xf32>, tensor<?x2x8xf32>)
  // CHECK: seq.affine_recurrence head_dense constant decay(%{{.*}}) input(%{{.*}}) initial(%{{.*}}) {state_rank = 2 : i64}
  %y1, %l1 = seq.affine_recurrence head_dense constant decay(%ah) input(%uh) initial(%hh) {state_rank = 2 : i64}
    : (tensor<4x3x3xf32>, tensor<?x4x3xf32>, tensor<4x3xf32>) -> (tensor<?x4x3xf32>, tensor<4x3xf32>)
  // CHECK: seq.affine_recurrence dense decay(%{{.*}}) input(%{{.*}}) initial(%{{.*}}) :
  %y2, %l2 = seq.affine_recurrence dense decay(%ad) input(%ud) initial(%hd)
    : (tensor<?x?x5x5xf64>, tensor<?x?x5xf64>, tensor<?x5xf64>) -> (tensor<?x?x5xf64>, tensor<?x5xf64>)
  return
}

// CHECK-LABEL: @averages
func.func @averages(%x: tensor<?x?x8xf32>, %b: tensor<?x?xf32>, %d: tensor<8xf32>, %h: tensor<?x8xf32>, %c: tensor<?x8xf32>,
    %p: tensor<4x8xf32>, %m: tensor<?x4x8xf32>, %r: tensor<?x?xi1>) {
  // CHECK: seq.ema scalar input(%{{.*}}) decay(%{{.*}}) initial(%{{.*}}) resets(%{{.*}}) :
  %y0, %l0 = seq.ema scalar input(%x) decay(%b) initial(%h) resets(%r)
    : (tensor<?x?x8xf32>, tensor<?x?xf32>, tensor<?x8xf32>, tensor<?x?xi1>) -> (tensor<?x?x8xf32>, tensor<?x8xf32>)
  // CHECK: seq.ema diagonal constant corrected reverse input(%{{.*}}) decay(%{{.*}}) initial(%{{.*}}, %{{.*}}) {time = 0 : i64}
  %y1, %l1, %q1 = seq.ema diagonal constant corrected reverse input(%x) decay(%d) initial(%h, %c) {time = 0 : i64}
    : (tensor<?x?x8xf32>, tensor<8xf32>, tensor<?x8xf32>, tensor<?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>)
  // CHECK: seq.ema damped input(%{{.*}}) alpha(%{{.*}}) delta(%{{.*}}) expand(%{{.*}}) project(%{{.*}}) initial(%{{.*}}) schedule(<reference>) :
  %y2, %l2 = seq.ema damped input(%x) alpha(%p) delta(%p) expand(%p) project(%p) initial(%m) schedule(<reference>)
    : (tensor<?x?x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>, tensor<?x4x8xf32>)
    -> (tensor<?x?x8xf32>, tensor<?x4x8xf32>)
  // CHECK: seq.ema complex input(%{{.*}}) alpha(%{{.*}}) delta(%{{.*}}) angle(%{{.*}}) project(%{{.*}}, %{{.*}}) initial(%{{.*}}, %{{.*}}) :
  %y3, %l3, %i3 = seq.ema complex input(%x) alpha(%p) delta(%p) angle(%p) project(%p, %p) initial(%m, %m)
    : (tensor<?x?x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>, tensor<?x4x8xf32>, tensor<?x4x8xf32>)
    -> (tensor<?x?x8xf32>, tensor<?x4x8xf32>, tensor<?x4x8xf32>)
  return
}
