// The functions of upstream-ops.py: ordinary upstream IR without any recurrence.
func.func @elementwise(%a: tensor<?x7xf32>, %b: tensor<?x7xf32>, %s: f32) -> (tensor<?x7xf32>, tensor<?x7xi1>) {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %a, %c0 : tensor<?x7xf32>
  %t = math.tanh %a : tensor<?x7xf32>
  %scale = tensor.splat %s[%n] : tensor<?x7xf32>
  %m = arith.mulf %t, %scale : tensor<?x7xf32>
  %y = arith.addf %m, %b : tensor<?x7xf32>
  %p = arith.cmpf olt, %y, %b : tensor<?x7xf32>
  return %y, %p : tensor<?x7xf32>, tensor<?x7xi1>
}

func.func @integers(%a: tensor<?xi32>, %b: tensor<?xi32>, %k: i32) -> (tensor<?xi32>, tensor<?xi64>, tensor<?xf64>) {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %a, %c0 : tensor<?xi32>
  %ks = tensor.splat %k[%n] : tensor<?xi32>
  %m = arith.muli %a, %ks : tensor<?xi32>
  %x = arith.xori %m, %b : tensor<?xi32>
  %y = arith.maxsi %x, %a : tensor<?xi32>
  %w = arith.extsi %y : tensor<?xi32> to tensor<?xi64>
  %f = arith.sitofp %y : tensor<?xi32> to tensor<?xf64>
  return %y, %w, %f : tensor<?xi32>, tensor<?xi64>, tensor<?xf64>
}

func.func @matmul(%a: tensor<?x?xf32>, %b: tensor<?x?xf32>) -> tensor<?x?xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %zero = arith.constant 0.0 : f32
  %m = tensor.dim %a, %c0 : tensor<?x?xf32>
  %n = tensor.dim %b, %c1 : tensor<?x?xf32>
  %e = tensor.empty(%m, %n) : tensor<?x?xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<?x?xf32>) -> tensor<?x?xf32>
  %y = linalg.matmul ins(%a, %b : tensor<?x?xf32>, tensor<?x?xf32>) outs(%z : tensor<?x?xf32>) -> tensor<?x?xf32>
  return %y : tensor<?x?xf32>
}

func.func @matmul_static(%a: tensor<33x17xf32>, %b: tensor<17x65xf32>, %c: tensor<33x65xf32>) -> tensor<33x65xf32> {
  %y = linalg.matmul ins(%a, %b : tensor<33x17xf32>, tensor<17x65xf32>) outs(%c : tensor<33x65xf32>) -> tensor<33x65xf32>
  return %y : tensor<33x65xf32>
}

func.func @batch_matmul(%a: tensor<?x5x9xf32>, %b: tensor<?x9x6xf32>) -> tensor<?x5x6xf32> {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %n = tensor.dim %a, %c0 : tensor<?x5x9xf32>
  %e = tensor.empty(%n) : tensor<?x5x6xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<?x5x6xf32>) -> tensor<?x5x6xf32>
  %y = linalg.batch_matmul ins(%a, %b : tensor<?x5x9xf32>, tensor<?x9x6xf32>) outs(%z : tensor<?x5x6xf32>) -> tensor<?x5x6xf32>
  return %y : tensor<?x5x6xf32>
}

func.func @conv1d(%x: tensor<?x?x4xf32>, %k: tensor<3x4x8xf32>, %bias: tensor<8xf32>) -> tensor<?x?x8xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %zero = arith.constant 0.0 : f32
  %n = tensor.dim %x, %c0 : tensor<?x?x4xf32>
  %w = tensor.dim %x, %c1 : tensor<?x?x4xf32>
  %padded = tensor.pad %x low[0, 1, 0] high[0, 1, 0] {
  ^bb0(%i: index, %j: index, %l: index):
    tensor.yield %zero : f32
  } : tensor<?x?x4xf32> to tensor<?x?x4xf32>
  %e = tensor.empty(%n, %w) : tensor<?x?x8xf32>
  %b = linalg.broadcast ins(%bias : tensor<8xf32>) outs(%e : tensor<?x?x8xf32>) dimensions = [0, 1]
  %y = linalg.conv_1d_nwc_wcf {strides = dense<1> : tensor<1xi64>, dilations = dense<1> : tensor<1xi64>}
    ins(%padded, %k : tensor<?x?x4xf32>, tensor<3x4x8xf32>) outs(%b : tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
  return %y : tensor<?x?x8xf32>
}

func.func @conv1d_strided(%x: tensor<2x1x130xf32>, %k: tensor<6x1x10xf32>) -> tensor<2x6x31xf32> {
  %zero = arith.constant dense<0.0> : tensor<2x6x31xf32>
  %y = linalg.conv_1d_ncw_fcw {strides = dense<4> : tensor<1xi64>, dilations = dense<1> : tensor<1xi64>}
    ins(%x, %k : tensor<2x1x130xf32>, tensor<6x1x10xf32>) outs(%zero : tensor<2x6x31xf32>) -> tensor<2x6x31xf32>
  return %y : tensor<2x6x31xf32>
}

func.func @conv2d(%x: tensor<?x9x11x3xf32>, %k: tensor<3x3x3x5xf32>) -> tensor<?x7x9x5xf32> {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %n = tensor.dim %x, %c0 : tensor<?x9x11x3xf32>
  %e = tensor.empty(%n) : tensor<?x7x9x5xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<?x7x9x5xf32>) -> tensor<?x7x9x5xf32>
  %y = linalg.conv_2d_nhwc_hwcf ins(%x, %k : tensor<?x9x11x3xf32>, tensor<3x3x3x5xf32>) outs(%z : tensor<?x7x9x5xf32>) -> tensor<?x7x9x5xf32>
  return %y : tensor<?x7x9x5xf32>
}

func.func @depthwise(%x: tensor<2x20x6xf32>, %k: tensor<4x6xf32>) -> tensor<2x17x6xf32> {
  %zero = arith.constant dense<0.0> : tensor<2x17x6xf32>
  %y = linalg.depthwise_conv_1d_nwc_wc ins(%x, %k : tensor<2x20x6xf32>, tensor<4x6xf32>) outs(%zero : tensor<2x17x6xf32>) -> tensor<2x17x6xf32>
  return %y : tensor<2x17x6xf32>
}

func.func @reductions(%x: tensor<?x?xf32>) -> (tensor<?xf32>, tensor<?xf32>, tensor<f32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %zero = arith.constant 0.0 : f32
  %least = arith.constant 0xFF800000 : f32
  %n = tensor.dim %x, %c0 : tensor<?x?xf32>
  %m = tensor.dim %x, %c1 : tensor<?x?xf32>
  %en = tensor.empty(%n) : tensor<?xf32>
  %em = tensor.empty(%m) : tensor<?xf32>
  %e = tensor.empty() : tensor<f32>
  %zn = linalg.fill ins(%zero : f32) outs(%en : tensor<?xf32>) -> tensor<?xf32>
  %lm = linalg.fill ins(%least : f32) outs(%em : tensor<?xf32>) -> tensor<?xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<f32>) -> tensor<f32>
  %rows = linalg.reduce ins(%x : tensor<?x?xf32>) outs(%zn : tensor<?xf32>) dimensions = [1] (%a: f32, %b: f32) {
    %r = arith.addf %a, %b : f32
    linalg.yield %r : f32
  }
  %columns = linalg.reduce ins(%x : tensor<?x?xf32>) outs(%lm : tensor<?xf32>) dimensions = [0] (%a: f32, %b: f32) {
    %r = arith.maximumf %a, %b : f32
    linalg.yield %r : f32
  }
  %all = linalg.reduce ins(%x : tensor<?x?xf32>) outs(%z : tensor<f32>) dimensions = [0, 1] (%a: f32, %b: f32) {
    %r = arith.addf %a, %b : f32
    linalg.yield %r : f32
  }
  return %rows, %columns, %all : tensor<?xf32>, tensor<?xf32>, tensor<f32>
}

#row = affine_map<(i, j) -> (i, j)>
#first = affine_map<(i, j) -> (i)>
func.func @softmax(%x: tensor<?x37xf32>) -> tensor<?x37xf32> {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %least = arith.constant 0xFF800000 : f32
  %n = tensor.dim %x, %c0 : tensor<?x37xf32>
  %e1 = tensor.empty(%n) : tensor<?xf32>
  %e2 = tensor.empty(%n) : tensor<?x37xf32>
  %l = linalg.fill ins(%least : f32) outs(%e1 : tensor<?xf32>) -> tensor<?xf32>
  %max = linalg.reduce ins(%x : tensor<?x37xf32>) outs(%l : tensor<?xf32>) dimensions = [1] (%a: f32, %b: f32) {
    %r = arith.maximumf %a, %b : f32
    linalg.yield %r : f32
  }
  %exp = linalg.generic {indexing_maps = [#row, #first, #row], iterator_types = ["parallel", "parallel"]}
      ins(%x, %max : tensor<?x37xf32>, tensor<?xf32>) outs(%e2 : tensor<?x37xf32>) {
  ^bb0(%a: f32, %m: f32, %o: f32):
    %d = arith.subf %a, %m : f32
    %r = math.exp %d : f32
    linalg.yield %r : f32
  } -> tensor<?x37xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e1 : tensor<?xf32>) -> tensor<?xf32>
  %sum = linalg.generic {indexing_maps = [#row, #first], iterator_types = ["parallel", "reduction"]}
      ins(%exp : tensor<?x37xf32>) outs(%z : tensor<?xf32>) {
  ^bb0(%a: f32, %o: f32):
    %r = arith.addf %o, %a : f32
    linalg.yield %r : f32
  } -> tensor<?xf32>
  %y = linalg.generic {indexing_maps = [#row, #first, #row], iterator_types = ["parallel", "parallel"]}
      ins(%exp, %sum : tensor<?x37xf32>, tensor<?xf32>) outs(%e2 : tensor<?x37xf32>) {
  ^bb0(%a: f32, %s: f32, %o: f32):
    %r = arith.divf %a, %s : f32
    linalg.yield %r : f32
  } -> tensor<?x37xf32>
  return %y : tensor<?x37xf32>
}

#back = affine_map<(i) -> (i)>
func.func @gathered(%x: tensor<?xf32>) -> tensor<?xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %n = tensor.dim %x, %c0 : tensor<?xf32>
  %e = tensor.empty(%n) : tensor<?xf32>
  %y = linalg.generic {indexing_maps = [#back], iterator_types = ["parallel"]} outs(%e : tensor<?xf32>) {
  ^bb0(%o: f32):
    %i = linalg.index 0 : index
    %last = arith.subi %n, %c1 : index
    %j = arith.subi %last, %i : index
    %v = tensor.extract %x[%j] : tensor<?xf32>
    linalg.yield %v : f32
  } -> tensor<?xf32>
  return %y : tensor<?xf32>
}

func.func @shapes(%x: tensor<?x4x6xf32>, %y: tensor<?x24xf32>) -> (tensor<?x24xf32>, tensor<6x4x?xf32>, tensor<?x2x3xf32>, tensor<?x48xf32>) {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x4x6xf32>
  %flat = tensor.collapse_shape %x [[0], [1, 2]] : tensor<?x4x6xf32> into tensor<?x24xf32>
  %e = tensor.empty(%n) : tensor<6x4x?xf32>
  %t = linalg.transpose ins(%x : tensor<?x4x6xf32>) outs(%e : tensor<6x4x?xf32>) permutation = [2, 1, 0]
  %s = tensor.extract_slice %x[0, 1, 0] [%n, 2, 3] [1, 2, 2] : tensor<?x4x6xf32> to tensor<?x2x3xf32>
  %c = tensor.concat dim(1) %flat, %y : (tensor<?x24xf32>, tensor<?x24xf32>) -> tensor<?x48xf32>
  return %flat, %t, %s, %c : tensor<?x24xf32>, tensor<6x4x?xf32>, tensor<?x2x3xf32>, tensor<?x48xf32>
}

func.func @loops(%x: tensor<?xf32>, %trips: index, %flag: i1) -> (tensor<?xf32>, f32) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %zero = arith.constant 0.0 : f32
  %y = scf.for %i = %c0 to %trips step %c1 iter_args(%a = %x) -> (tensor<?xf32>) {
    %t = math.tanh %a : tensor<?xf32>
    %s = arith.addf %t, %x : tensor<?xf32>
    scf.yield %s : tensor<?xf32>
  }
  %z = scf.if %flag -> (tensor<?xf32>) {
    %m = arith.negf %y : tensor<?xf32>
    scf.yield %m : tensor<?xf32>
  } else {
    scf.yield %y : tensor<?xf32>
  }
  %n = tensor.dim %x, %c0 : tensor<?xf32>
  %sum = scf.for %i = %c0 to %n step %c1 iter_args(%a = %zero) -> (f32) {
    %v = tensor.extract %z[%i] : tensor<?xf32>
    %r = arith.addf %a, %v : f32
    scf.yield %r : f32
  }
  return %z, %sum : tensor<?xf32>, f32
}

func.func private @helper(%x: tensor<?xf64>) -> tensor<?xf64> {
  %y = math.exp %x : tensor<?xf64>
  return %y : tensor<?xf64>
}
func.func @calls(%x: tensor<?xf64>) -> tensor<?xf64> {
  %a = call @helper(%x) : (tensor<?xf64>) -> tensor<?xf64>
  %b = call @helper(%a) : (tensor<?xf64>) -> tensor<?xf64>
  return %b : tensor<?xf64>
}

func.func @halves(%x: tensor<?xbf16>, %y: tensor<?xf16>) -> (tensor<?xf32>, tensor<?xbf16>) {
  %a = arith.extf %x : tensor<?xbf16> to tensor<?xf32>
  %b = arith.extf %y : tensor<?xf16> to tensor<?xf32>
  %m = arith.mulf %a, %b : tensor<?xf32>
  %n = arith.truncf %m : tensor<?xf32> to tensor<?xbf16>
  return %m, %n : tensor<?xf32>, tensor<?xbf16>
}
