// RUN: %seqc-opt %s | %seqc-opt | FileCheck %s
// RUN: %seqc-opt %s --mlir-print-op-generic | %seqc-opt | FileCheck %s
// RUN: %seqc-opt %s --emit-bytecode | %seqc-opt | FileCheck %s

// CHECK-LABEL: @every_clause
func.func @every_clause(%u: tensor<?x?x8xf32>, %s: tensor<?xf32>, %g: tensor<?x8xf32>,
    %r: tensor<?x?xi1>, %h0: tensor<?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x8xf32>) {
  // CHECK: seq.recurrence reverse (%{{.*}}: tensor<8xf32> in %{{.*}}, %{{.*}}: tensor<f32> shared %{{.*}}, %{{.*}}: tensor<8xf32> given %{{.*}}) resets(%{{.*}}) states(%{{.*}}: tensor<8xf32> = %{{.*}}) {
  // CHECK: seq.yield next(%{{.*}} : tensor<8xf32>) out(%{{.*}} : tensor<8xf32>)
  // CHECK: } schedule(<fused, strip = 16>) {time = 0 : i64}
  %y, %last = seq.recurrence reverse (%x: tensor<8xf32> in %u, %d: tensor<f32> shared %s,
      %c: tensor<8xf32> given %g) resets(%r) states(%h: tensor<8xf32> = %h0) {
    %n = arith.addf %h, %x : tensor<8xf32>
    seq.yield next(%n : tensor<8xf32>) out(%n : tensor<8xf32>)
  } schedule(<fused, strip = 16>) {time = 0 : i64} : (tensor<?x?x8xf32>, tensor<?xf32>, tensor<?x8xf32>, tensor<?x?xi1>,
      tensor<?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x8xf32>)
  return %y, %last : tensor<?x?x8xf32>, tensor<?x8xf32>
}

// CHECK-LABEL: @steps_and_nesting
func.func @steps_and_nesting(%n: index, %h0: tensor<?x8xf32>) -> tensor<?x?x8xf32> {
  // CHECK: seq.recurrence () steps(%{{.*}}) states(%{{.*}}: tensor<8xf32> = %{{.*}}) {
  // CHECK:   seq.recurrence () steps(%{{.*}}) states(%{{.*}}: tensor<f32> = %{{.*}}) {
  %y, %last = seq.recurrence () steps(%n) states(%h: tensor<8xf32> = %h0) {
    %f = seq.recurrence () steps(%n) states(%k: tensor<f32> = %h) {
      %m = arith.addf %k, %k : tensor<f32>
      seq.yield next(%m : tensor<f32>)
    } : (index, tensor<8xf32>) -> tensor<8xf32>
    seq.yield next(%f : tensor<8xf32>) out(%f : tensor<8xf32>)
  } : (index, tensor<?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x8xf32>)
  return %y : tensor<?x?x8xf32>
}

// CHECK-LABEL: @affine
func.func @affine(%a: tensor<f32>, %u: tensor<?x?x16x8xbf16>, %h0: tensor<?x16x8xf32>,
    %c: tensor<?x?x16xf32>, %r: tensor<?x?xi1>) -> tensor<?x?x8xf32> {
  // CHECK: seq.affine_recurrence scalar constant reverse decay(%{{.*}}) input(%{{.*}}) initial(%{{.*}}) readout(%{{.*}}) resets(%{{.*}}) {state_rank = 2 : i64}
  %y, %l = seq.affine_recurrence scalar constant reverse decay(%a) input(%u) initial(%h0)
      readout(%c) resets(%r) {state_rank = 2 : i64}
      : (tensor<f32>, tensor<?x?x16x8xbf16>, tensor<?x16x8xf32>, tensor<?x?x16xf32>, tensor<?x?xi1>)
      -> (tensor<?x?x8xf32>, tensor<?x16x8xf32>)
  return %y : tensor<?x?x8xf32>
}

// CHECK-LABEL: @delay
func.func @delay(%x: tensor<?x?x8xf32>, %x0: tensor<?x1x8xf32>) -> tensor<?x?x1x8xf32> {
  // CHECK: seq.delay reverse %{{.*}} initial(%{{.*}}) {time = 1 : i64}
  %w, %l = seq.delay reverse %x initial(%x0) {time = 1 : i64}
      : (tensor<?x?x8xf32>, tensor<?x1x8xf32>) -> (tensor<?x?x1x8xf32>, tensor<?x1x8xf32>)
  return %w : tensor<?x?x1x8xf32>
}

// CHECK-LABEL: @packed
func.func @packed(%u: tensor<?x8xf32>, %r: tensor<?xi1>, %cu: tensor<?xi32>, %h0: tensor<?x8xf32>) -> (tensor<?x8xf32>, tensor<?x8xf32>) {
  // CHECK: seq.recurrence reverse (%{{.*}}: tensor<8xf32> in %{{.*}}) resets(%{{.*}}) cu_seqlens(%{{.*}}) states(%{{.*}}: tensor<8xf32> = %{{.*}}) {
  // CHECK: } : (tensor<?x8xf32>, tensor<?xi1>, tensor<?xi32>, tensor<?x8xf32>) -> (tensor<?x8xf32>, tensor<?x8xf32>)
  %y, %last = seq.recurrence reverse (%x: tensor<8xf32> in %u) resets(%r) cu_seqlens(%cu) states(%h: tensor<8xf32> = %h0) {
    %n = arith.addf %h, %x : tensor<8xf32>
    seq.yield next(%n : tensor<8xf32>) out(%n : tensor<8xf32>)
  } : (tensor<?x8xf32>, tensor<?xi1>, tensor<?xi32>, tensor<?x8xf32>) -> (tensor<?x8xf32>, tensor<?x8xf32>)
  return %y, %last : tensor<?x8xf32>, tensor<?x8xf32>
}

// CHECK-LABEL: @packed_steps
func.func @packed_steps(%n: index, %cu: tensor<5xi64>, %h0: tensor<4x8xf32>) -> tensor<?x8xf32> {
  // CHECK: seq.recurrence () cu_seqlens(%{{.*}}) steps(%{{.*}}) states(%{{.*}}: tensor<8xf32> = %{{.*}}) {
  %y, %last = seq.recurrence () cu_seqlens(%cu) steps(%n) states(%h: tensor<8xf32> = %h0) {
    seq.yield next(%h : tensor<8xf32>) out(%h : tensor<8xf32>)
  } : (tensor<5xi64>, index, tensor<4x8xf32>) -> (tensor<?x8xf32>, tensor<4x8xf32>)
  return %y : tensor<?x8xf32>
}

// CHECK-LABEL: @packed_scan
func.func @packed_scan(%u: tensor<?x2xf32>, %r: tensor<?xi1>, %cu: tensor<?xi32>, %h0: tensor<?x2xf32>) -> tensor<?x2xf32> {
  // CHECK: seq.scan reverse (%{{.*}}: tensor<2xf32> in %{{.*}}) resets(%{{.*}}) cu_seqlens(%{{.*}}) initial(%{{.*}}) lift {
  // CHECK: } : (tensor<?x2xf32>, tensor<?xi1>, tensor<?xi32>, tensor<?x2xf32>) -> (tensor<?x2xf32>, tensor<?x2xf32>)
  %y, %l = seq.scan reverse (%x: tensor<2xf32> in %u) resets(%r) cu_seqlens(%cu) initial(%h0) lift {
    seq.yield next(%x : tensor<2xf32>)
  } combine(%a: tensor<2xf32>) with(%b: tensor<2xf32>) {
    %c = arith.addf %a, %b : tensor<2xf32>
    seq.yield next(%c : tensor<2xf32>)
  } : (tensor<?x2xf32>, tensor<?xi1>, tensor<?xi32>, tensor<?x2xf32>) -> (tensor<?x2xf32>, tensor<?x2xf32>)
  return %y : tensor<?x2xf32>
}

// CHECK-LABEL: @packed_ema
func.func @packed_ema(%x: tensor<?x8xf32>, %b: tensor<?xf32>, %h0: tensor<?x8xf32>, %r: tensor<?xi1>, %cu: tensor<?xi64>) -> tensor<?x8xf32> {
  // CHECK: seq.ema scalar input(%{{.*}}) decay(%{{.*}}) initial(%{{.*}}) resets(%{{.*}}) cu_seqlens(%{{.*}}) :
  %y, %l = seq.ema scalar input(%x) decay(%b) initial(%h0) resets(%r) cu_seqlens(%cu)
      : (tensor<?x8xf32>, tensor<?xf32>, tensor<?x8xf32>, tensor<?xi1>, tensor<?xi64>) -> (tensor<?x8xf32>, tensor<?x8xf32>)
  return %y : tensor<?x8xf32>
}

// CHECK-LABEL: @packed_affine
func.func @packed_affine(%a: tensor<?xf32>, %u: tensor<?x16x8xf32>, %h0: tensor<?x16x8xf32>, %c: tensor<?x16xf32>, %cu: tensor<?xindex>) -> tensor<?x8xf32> {
  // CHECK: seq.affine_recurrence scalar decay(%{{.*}}) input(%{{.*}}) initial(%{{.*}}) readout(%{{.*}}) cu_seqlens(%{{.*}}) {state_rank = 2 : i64}
  %y, %l = seq.affine_recurrence scalar decay(%a) input(%u) initial(%h0) readout(%c) cu_seqlens(%cu) {state_rank = 2 : i64}
      : (tensor<?xf32>, tensor<?x16x8xf32>, tensor<?x16x8xf32>, tensor<?x16xf32>, tensor<?xindex>)
      -> (tensor<?x8xf32>, tensor<?x16x8xf32>)
  return %y : tensor<?x8xf32>
}
