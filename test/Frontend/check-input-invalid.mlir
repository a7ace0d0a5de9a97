// RUN: seqc-opt --seq-check-input --split-input-file --verify-diagnostics %s -o %t

// expected-error @+1 {{expected at least one public function}}
module {
}

// -----

// expected-error @+1 {{expected a body for function 'f'}}
func.func private @f(tensor<4xf32>)
// expected-note @-1 {{help: a model calls no foreign code}}

// -----

// expected-error @+1 {{expected a public function's name to be a C identifier, but got 'a.b'}}
func.func @a.b(%x: tensor<4xf32>) -> tensor<4xf32> {
  return %x : tensor<4xf32>
}

// -----

// expected-error @+1 {{expected a public function's name to be a C identifier, but got 'while'}}
func.func @while(%x: tensor<4xf32>) -> tensor<4xf32> {
  return %x : tensor<4xf32>
}

// -----

// expected-error @+1 {{expected argument 0 of 'f' to be a ranked tensor or a scalar (f64, f32, f16, bf16, i64, i32, i16, i8, i1, index), but got 'memref<4xf32>'}}
func.func @f(%x: memref<4xf32>) {
  return
}

// -----

// expected-error @+1 {{expected argument 0 of 'f' to be a ranked tensor or a scalar (f64, f32, f16, bf16, i64, i32, i16, i8, i1, index), but got 'tensor<*xf32>'}}
func.func @f(%x: tensor<*xf32>) {
  return
}

// -----

// expected-error @+1 {{expected elements of f64, f32, f16, bf16, i64, i32, i16, i8, i1, index, complex<f32> or complex<f64> in argument 0 of 'f', but got 'complex<f16>'}}
func.func @f(%x: tensor<4xcomplex<f16>>) {
  return
}

// -----

// expected-error @+1 {{expected elements of f64, f32, f16, bf16, i64, i32, i16, i8, i1, index, complex<f32> or complex<f64> in argument 0 of 'f', but got 'ui8'}}
func.func @f(%x: tensor<4xui8>) {
  return
}

// -----

// expected-error @+1 {{expected at most 16 dimensions in argument 0 of 'f', but got 17}}
func.func @f(%x: tensor<1x1x1x1x1x1x1x1x1x1x1x1x1x1x1x1x1xf32>) {
  return
}

// -----

// expected-error @+1 {{expected argument 0 of 'f' to have at most 2^47 bytes, but got f32[4294967296,4294967296,?]}}
func.func @f(%x: tensor<4294967296x4294967296x?xf32>) {
  return
}

// -----

func.func @f(%x: tensor<4xf32>) -> tensor<4xf32> {
  %y = func.call @g(%x) : (tensor<4xf32>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}
func.func private @g(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @+1 {{expected no recursion, but this call leads back to 'f'}}
  %y = func.call @f(%x) : (tensor<4xf32>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}

// -----

func.func @f(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @+2 {{expected an op of func, arith, math, complex, tensor, linalg, scf or seq, but got 'memref.alloc'}}
  // expected-note @+1 {{help: a model computes on tensors; the compiler makes the buffers}}
  %m = memref.alloc() : memref<4xf32>
  return %x : tensor<4xf32>
}

// -----

func.func @f(%x: tensor<4xf32>, %i: index) -> index {
  // expected-error @+2 {{expected an op of func, arith, math, complex, tensor, linalg, scf or seq, but got 'affine.apply'}}
  // expected-note @+1 {{help: compute indices with arith ops}}
  %j = affine.apply affine_map<(d0) -> (d0 + 1)>(%i)
  return %j : index
}

// -----

func.func @f(%x: f32) -> f32 {
  // expected-error @+1 {{expected result 0 of 'arith.constant' to be a ranked tensor or a scalar (f64, f32, f16, bf16, i64, i32, i16, i8, i1, index), but got 'vector<4xf32>'}}
  %v = arith.constant dense<0.0> : vector<4xf32>
  return %x : f32
}

// -----

// expected-error @+1 {{expected seqc.dims to name the 2 '?' of f32[?,?,8], but got ["B"]}}
func.func @f(%x: tensor<?x?x8xf32> {seqc.dims = ["B"]}) {
  return
}

// -----

// expected-error @+1 {{expected names in seqc.dims that C can use, but got "2T"}}
func.func @f(%x: tensor<?x8xf32> {seqc.dims = ["2T"]}) {
  return
}

// -----

// expected-error @+2 {{expected an argument attribute of seqc (seqc.dims, seqc.param or seqc.name), but got 'seqc.parm'}}
// expected-note @+1 {{help: did you mean 'seqc.param'?}}
func.func @f(%x: tensor<8xf32> {seqc.parm = "w"}) {
  return
}

// -----

// expected-error @+1 {{expected a string as seqc.param, but got 3 : i64}}
func.func @f(%x: tensor<8xf32> {seqc.param = 3}) {
  return
}

// -----

// expected-note @+1 {{the other function is here}}
func.func @f(%x: tensor<8xf32>) {
  return
}
// expected-error @+1 {{expected another name than 'f_step', which the library exports for 'f'}}
func.func @f_step(%x: tensor<8xf32>) {
  return
}

// -----

// expected-error @+1 {{expected no module attribute of seqc but seqc.target = #seq.target<…>, but got seqc.target = 1 : i64}}
module attributes {seqc.target = 1} {
  func.func @f(%x: tensor<8xf32>) {
    return
  }
}

// -----

func.func @f(%x: tensor<?xf32>, %n: tensor<index>) -> tensor<?xf32> {
  // expected-note @+1 {{the data is read here}}
  %i = tensor.extract %n[] : tensor<index>
  %c = arith.constant 1 : index
  %j = arith.addi %i, %c : index
  // expected-error @+2 {{expected sizes that depend on the sizes of inputs and on scalars only, but one of 'tensor.extract_slice' is computed from tensor data}}
  // expected-note @+1 {{help: pass the size as a scalar argument (index)}}
  %y = tensor.extract_slice %x[0] [%j] [1] : tensor<?xf32> to tensor<?xf32>
  return %y : tensor<?xf32>
}

// -----

func.func @f(%n: tensor<index>) -> tensor<?xf32> {
  // expected-note @+1 {{the data is read here}}
  %i = tensor.extract %n[] : tensor<index>
  %y = func.call @g(%i) : (index) -> tensor<?xf32>
  return %y : tensor<?xf32>
}
func.func private @g(%i: index) -> tensor<?xf32> {
  // expected-error @+2 {{expected sizes that depend on the sizes of inputs and on scalars only, but one of 'tensor.empty' is computed from tensor data}}
  // expected-note @+1 {{help: pass the size as a scalar argument (index)}}
  %y = tensor.empty(%i) : tensor<?xf32>
  return %y : tensor<?xf32>
}

// -----

func.func @f(%x: tensor<?xf32>, %s: tensor<1xindex>) -> tensor<?xf32> {
  // expected-error @+1 {{expected tensor.expand_shape or tensor.collapse_shape instead of tensor.reshape, whose sizes are tensor data}}
  %y = tensor.reshape %x(%s) : (tensor<?xf32>, tensor<1xindex>) -> tensor<?xf32>
  return %y : tensor<?xf32>
}

// -----

func.func @f(%x: tensor<8xf32>, %i: tensor<3x1xi32>) -> tensor<3xf32> {
  // expected-error @+2 {{expected an op that loops over elements can express, but got 'tensor.gather'}}
  // expected-note @+1 {{help: read elements by tensor.extract in the body of a linalg.generic}}
  %r = tensor.gather %x[%i] gather_dims([0]) : (tensor<8xf32>, tensor<3x1xi32>) -> tensor<3xf32>
  return %r : tensor<3xf32>
}

// -----

func.func @f(%x: tensor<8xf32>) -> tensor<8xi32> {
  // expected-error @+2 {{expected an op that loops over elements can express, but got 'tensor.bitcast'}}
  // expected-note @+1 {{help: use arith.bitcast}}
  %r = tensor.bitcast %x : tensor<8xf32> to tensor<8xi32>
  return %r : tensor<8xi32>
}

// -----

func.func @f(%x: tensor<2x8xf32>) -> tensor<1x2x2x4xf32> {
  %e = tensor.empty() : tensor<1x2x2x4xf32>
  // expected-error @+2 {{expected an op that loops over elements can express, but got 'linalg.pack'}}
  // expected-note @+1 {{help: layouts are the compiler's business: leave it out}}
  %r = linalg.pack %x inner_dims_pos = [0, 1] inner_tiles = [2, 4] into %e : tensor<2x8xf32> -> tensor<1x2x2x4xf32>
  return %r : tensor<1x2x2x4xf32>
}

// -----

func.func @f() -> tensor<4xf32> {
  // expected-error @+1 {{expected a resource named 'nope', but the text has none}}
  %r = arith.constant dense_resource<nope> : tensor<4xf32>
  return %r : tensor<4xf32>
}

// -----

func.func @f(%x: tensor<?xf32>) -> tensor<?xf32> {
  return %x : tensor<?xf32>
}
// expected-error @+1 {{expected no attribute 'seq.version' in a model: stage 'scheduled' makes versions of functions}}
func.func private @g(%x: tensor<?xf32>) -> tensor<?xf32> attributes {seq.version = [#seq.version<@f, argument = 0, dimension = 0, below = 3>]} {
  return %x : tensor<?xf32>
}

// -----

func.func @f(%x: tensor<?x3xf32>, %y: tensor<?x?xf32>) -> tensor<?x?x3xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %b = tensor.dim %y, %c0 : tensor<?x?xf32>
  %t = tensor.dim %y, %c1 : tensor<?x?xf32>
  // expected-error @+2 {{expected at most one dynamic size of those that a dimension is expanded to, but got 2}}
  // expected-note @+1 {{help: leave the dimensions apart: a linalg.generic contracts the last one of any number of them}}
  %r = tensor.expand_shape %x [[0, 1], [2]] output_shape [%b, %t, 3] : tensor<?x3xf32> into tensor<?x?x3xf32>
  return %r : tensor<?x?x3xf32>
}
