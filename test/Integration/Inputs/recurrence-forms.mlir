// The functions of recurrence-forms.py.
func.func @kinds(%x: tensor<?x?x5xf32>, %s: tensor<?xf32>, %g: tensor<?x8xf32>, %h0: tensor<?x8xf32>,
    %w: tensor<8x5xf32>, %d: f32) -> (tensor<?x?x8xf32>, tensor<?x8xf32>) {
  %y, %l = seq.recurrence (%x_t: tensor<5xf32> in %x, %s_t: tensor<f32> shared %s, %c: tensor<8xf32> given %g)
      states(%h: tensor<8xf32> = %h0) {
    %empty = tensor.empty() : tensor<8xf32>
    %decay = tensor.splat %d : tensor<8xf32>
    %kept = arith.mulf %decay, %h : tensor<8xf32>
    %biased = arith.addf %kept, %c : tensor<8xf32>
    %sum = linalg.matvec ins(%w, %x_t : tensor<8x5xf32>, tensor<5xf32>) outs(%biased : tensor<8xf32>) -> tensor<8xf32>
    %t = math.tanh %sum : tensor<8xf32>
    %scale = linalg.broadcast ins(%s_t : tensor<f32>) outs(%empty : tensor<8xf32>) dimensions = [0]
    %n = arith.mulf %t, %scale : tensor<8xf32>
    seq.yield next(%n : tensor<8xf32>) out(%n : tensor<8xf32>)
  } : (tensor<?x?x5xf32>, tensor<?xf32>, tensor<?x8xf32>, tensor<?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x8xf32>)
  return %y, %l : tensor<?x?x8xf32>, tensor<?x8xf32>
}

func.func @backwards(%x: tensor<?x?x6xf32>, %h0: tensor<?x6xf32>) -> (tensor<?x?x6xf32>, tensor<?x6xf32>) {
  %half = arith.constant dense<0.5> : tensor<6xf32>
  %y, %l = seq.recurrence reverse (%x_t: tensor<6xf32> in %x) states(%h: tensor<6xf32> = %h0) {
    %m = arith.mulf %half, %h : tensor<6xf32>
    %n = arith.addf %m, %x_t : tensor<6xf32>
    seq.yield next(%n : tensor<6xf32>) out(%n : tensor<6xf32>)
  } : (tensor<?x?x6xf32>, tensor<?x6xf32>) -> (tensor<?x?x6xf32>, tensor<?x6xf32>)
  return %y, %l : tensor<?x?x6xf32>, tensor<?x6xf32>
}

func.func @restarted(%x: tensor<?x?x6xf32>, %r: tensor<?x?xi1>, %h0: tensor<?x6xf32>) -> (tensor<?x?x6xf32>, tensor<?x6xf32>) {
  %y, %l = seq.recurrence (%x_t: tensor<6xf32> in %x) resets(%r) states(%h: tensor<6xf32> = %h0) {
    %t = math.tanh %h : tensor<6xf32>
    %n = arith.addf %t, %x_t : tensor<6xf32>
    seq.yield next(%n : tensor<6xf32>) out(%n : tensor<6xf32>)
  } : (tensor<?x?x6xf32>, tensor<?x?xi1>, tensor<?x6xf32>) -> (tensor<?x?x6xf32>, tensor<?x6xf32>)
  return %y, %l : tensor<?x?x6xf32>, tensor<?x6xf32>
}

func.func @restarted_backwards(%x: tensor<?x?x6xf32>, %r: tensor<?x?xi1>, %h0: tensor<?x6xf32>) -> (tensor<?x?x6xf32>, tensor<?x6xf32>) {
  %y, %l = seq.recurrence reverse (%x_t: tensor<6xf32> in %x) resets(%r) states(%h: tensor<6xf32> = %h0) {
    %t = math.tanh %h : tensor<6xf32>
    %n = arith.addf %t, %x_t : tensor<6xf32>
    seq.yield next(%n : tensor<6xf32>) out(%n : tensor<6xf32>)
  } : (tensor<?x?x6xf32>, tensor<?x?xi1>, tensor<?x6xf32>) -> (tensor<?x?x6xf32>, tensor<?x6xf32>)
  return %y, %l : tensor<?x?x6xf32>, tensor<?x6xf32>
}

func.func @counted(%h0: tensor<?x2xf32>, %w: tensor<2x2xf32>, %like: tensor<?xi8>) -> (tensor<?x?x2xf32>, tensor<?x2xf32>) {
  %c0 = arith.constant 0 : index
  %steps = tensor.dim %like, %c0 : tensor<?xi8>
  %zero = arith.constant dense<0.0> : tensor<2xf32>
  %y, %l = seq.recurrence () steps(%steps) states(%h: tensor<2xf32> = %h0) {
    %n = linalg.matvec ins(%w, %h : tensor<2x2xf32>, tensor<2xf32>) outs(%zero : tensor<2xf32>) -> tensor<2xf32>
    seq.yield next(%n : tensor<2xf32>) out(%n : tensor<2xf32>)
  } : (index, tensor<?x2xf32>) -> (tensor<?x?x2xf32>, tensor<?x2xf32>)
  return %y, %l : tensor<?x?x2xf32>, tensor<?x2xf32>
}

// The number of steps, and a state's size, are scalar arguments.
func.func @counted_by(%n: index, %d: index, %h0: tensor<?xf32>, %w: tensor<2x2xf32>)
    -> (tensor<?x?x2xf32>, tensor<?x?xf32>) {
  %zero = arith.constant 0.0 : f32
  %ones = arith.constant dense<1.0> : tensor<2xf32>
  %c0 = arith.constant 0 : index
  %batch = tensor.dim %h0, %c0 : tensor<?xf32>
  %empty = tensor.empty(%batch) : tensor<?x2xf32>
  %start = linalg.fill ins(%zero : f32) outs(%empty : tensor<?x2xf32>) -> tensor<?x2xf32>
  %wide = tensor.empty(%batch, %d) : tensor<?x?xf32>
  %sums = linalg.fill ins(%zero : f32) outs(%wide : tensor<?x?xf32>) -> tensor<?x?xf32>
  %y, %last, %s = seq.recurrence (%g: tensor<f32> given %h0) steps(%n)
      states(%h: tensor<2xf32> = %start, %sum: tensor<?xf32> = %sums) {
    %v = linalg.matvec ins(%w, %h : tensor<2x2xf32>, tensor<2xf32>) outs(%ones : tensor<2xf32>) -> tensor<2xf32>
    %more = linalg.generic {indexing_maps = [affine_map<(d0) -> ()>, affine_map<(d0) -> (d0)>],
                            iterator_types = ["parallel"]}
        ins(%g : tensor<f32>) outs(%sum : tensor<?xf32>) {
    ^bb0(%a: f32, %old: f32):
      %new = arith.addf %old, %a : f32
      linalg.yield %new : f32
    } -> tensor<?xf32>
    seq.yield next(%v, %more : tensor<2xf32>, tensor<?xf32>) out(%v : tensor<2xf32>)
  } : (tensor<?xf32>, index, tensor<?x2xf32>, tensor<?x?xf32>) -> (tensor<?x?x2xf32>, tensor<?x2xf32>, tensor<?x?xf32>)
  return %y, %s : tensor<?x?x2xf32>, tensor<?x?xf32>
}

func.func @time_major(%x: tensor<?x?x7xf32>, %h0: tensor<?x7xf32>) -> (tensor<?x?x7xf32>, tensor<?x7xf32>) {
  %zero = arith.constant dense<0.0> : tensor<7xf32>
  %quarter = arith.constant dense<0.25> : tensor<7xf32>
  %y, %l = seq.recurrence (%x_t: tensor<7xf32> in %x) states(%h: tensor<7xf32> = %h0) {
    %p = arith.maximumf %x_t, %zero : tensor<7xf32>
    %m = arith.mulf %quarter, %h : tensor<7xf32>
    %n = arith.subf %p, %m : tensor<7xf32>
    seq.yield next(%n : tensor<7xf32>) out(%n : tensor<7xf32>)
  } {time = 0 : i64} : (tensor<?x?x7xf32>, tensor<?x7xf32>) -> (tensor<?x?x7xf32>, tensor<?x7xf32>)
  return %y, %l : tensor<?x?x7xf32>, tensor<?x7xf32>
}

func.func @several(%k: tensor<?x?x3xf32>, %v: tensor<?x?x4xf32>, %h0: tensor<?x3xf32>, %m0: tensor<?x3x4xf32>,
    %s0: tensor<?xf32>, %n0: tensor<?xi32>) -> (tensor<?x?x4xf32>, tensor<?x?xi32>, tensor<?x3xf32>, tensor<?x3x4xf32>, tensor<?xf32>, tensor<?xi32>) {
  %decay = arith.constant dense<0.9> : tensor<3x4xf32>
  %half = arith.constant dense<0.5> : tensor<f32>
  %quarter = arith.constant dense<0.25> : tensor<3xf32>
  %zero = arith.constant dense<0.0> : tensor<4xf32>
  %one = arith.constant dense<1> : tensor<i32>
  %y, %c, %hl, %ml, %sl, %nl = seq.recurrence (%k_t: tensor<3xf32> in %k, %v_t: tensor<4xf32> in %v)
      states(%h: tensor<3xf32> = %h0, %m: tensor<3x4xf32> = %m0, %s: tensor<f32> = %s0, %n: tensor<i32> = %n0) {
    %empty34 = tensor.empty() : tensor<3x4xf32>
    %empty3 = tensor.empty() : tensor<3xf32>
    %kb = linalg.broadcast ins(%k_t : tensor<3xf32>) outs(%empty34 : tensor<3x4xf32>) dimensions = [1]
    %vb = linalg.broadcast ins(%v_t : tensor<4xf32>) outs(%empty34 : tensor<3x4xf32>) dimensions = [0]
    %kv = arith.mulf %kb, %vb : tensor<3x4xf32>
    %md = arith.mulf %decay, %m : tensor<3x4xf32>
    %mn = arith.addf %md, %kv : tensor<3x4xf32>
    %y_t = linalg.vecmat ins(%h, %mn : tensor<3xf32>, tensor<3x4xf32>) outs(%zero : tensor<4xf32>) -> tensor<4xf32>
    %sd = arith.mulf %half, %s : tensor<f32>
    %sn = linalg.reduce ins(%h : tensor<3xf32>) outs(%sd : tensor<f32>) dimensions = [0]
      (%e: f32, %acc: f32) {
        %r = arith.addf %acc, %e : f32
        linalg.yield %r : f32
      }
    %hk = arith.addf %h, %k_t : tensor<3xf32>
    %ht = math.tanh %hk : tensor<3xf32>
    %sb = linalg.broadcast ins(%sn : tensor<f32>) outs(%empty3 : tensor<3xf32>) dimensions = [0]
    %hs = arith.mulf %ht, %sb : tensor<3xf32>
    %hn = arith.mulf %hs, %quarter : tensor<3xf32>
    %nn = arith.addi %n, %one : tensor<i32>
    seq.yield next(%hn, %mn, %sn, %nn : tensor<3xf32>, tensor<3x4xf32>, tensor<f32>, tensor<i32>) out(%y_t, %nn : tensor<4xf32>, tensor<i32>)
  } : (tensor<?x?x3xf32>, tensor<?x?x4xf32>, tensor<?x3xf32>, tensor<?x3x4xf32>, tensor<?xf32>, tensor<?xi32>)
   -> (tensor<?x?x4xf32>, tensor<?x?xi32>, tensor<?x3xf32>, tensor<?x3x4xf32>, tensor<?xf32>, tensor<?xi32>)
  return %y, %c, %hl, %ml, %sl, %nl : tensor<?x?x4xf32>, tensor<?x?xi32>, tensor<?x3xf32>, tensor<?x3x4xf32>, tensor<?xf32>, tensor<?xi32>
}

func.func @two(%x: tensor<?x?x?x5xf32>, %h0: tensor<?x?x5xf32>) -> (tensor<?x?x?x5xf32>, tensor<?x?x5xf32>) {
  %c = arith.constant dense<0.75> : tensor<5xf32>
  %y, %l = seq.recurrence (%x_t: tensor<5xf32> in %x) states(%h: tensor<5xf32> = %h0) {
    %m = arith.mulf %c, %h : tensor<5xf32>
    %n = arith.addf %m, %x_t : tensor<5xf32>
    seq.yield next(%n : tensor<5xf32>) out(%n : tensor<5xf32>)
  } {time = 1 : i64} : (tensor<?x?x?x5xf32>, tensor<?x?x5xf32>) -> (tensor<?x?x?x5xf32>, tensor<?x?x5xf32>)
  return %y, %l : tensor<?x?x?x5xf32>, tensor<?x?x5xf32>
}

func.func @single(%x: tensor<?x5xf32>, %h0: tensor<5xf32>) -> (tensor<?x5xf32>, tensor<5xf32>) {
  %c = arith.constant dense<0.75> : tensor<5xf32>
  %y, %l = seq.recurrence (%x_t: tensor<5xf32> in %x) states(%h: tensor<5xf32> = %h0) {
    %m = arith.mulf %c, %h : tensor<5xf32>
    %n = arith.addf %m, %x_t : tensor<5xf32>
    seq.yield next(%n : tensor<5xf32>) out(%n : tensor<5xf32>)
  } : (tensor<?x5xf32>, tensor<5xf32>) -> (tensor<?x5xf32>, tensor<5xf32>)
  return %y, %l : tensor<?x5xf32>, tensor<5xf32>
}

func.func @last(%x: tensor<?x?x9xf32>, %h0: tensor<?x9xf32>) -> tensor<?x9xf32> {
  %c = arith.constant dense<0.1> : tensor<9xf32>
  %l = seq.recurrence (%x_t: tensor<9xf32> in %x) states(%h: tensor<9xf32> = %h0) {
    %s = math.sin %x_t : tensor<9xf32>
    %m = arith.mulf %c, %h : tensor<9xf32>
    %n = arith.addf %s, %m : tensor<9xf32>
    seq.yield next(%n : tensor<9xf32>)
  } : (tensor<?x?x9xf32>, tensor<?x9xf32>) -> tensor<?x9xf32>
  return %l : tensor<?x9xf32>
}

func.func @nested(%x: tensor<?x?x4x6xf32>, %g: tensor<?x6xf32>, %h0: tensor<?x6xf32>) -> (tensor<?x?x4x6xf32>, tensor<?x6xf32>) {
  %half = arith.constant dense<0.5> : tensor<6xf32>
  %y, %l = seq.recurrence (%x_t: tensor<4x6xf32> in %x, %g_b: tensor<6xf32> given %g) states(%h: tensor<6xf32> = %h0) {
    %z, %i = seq.recurrence (%x_i: tensor<6xf32> in %x_t) states(%a: tensor<6xf32> = %h) {
      %t = math.tanh %a : tensor<6xf32>
      %d = arith.mulf %g_b, %t : tensor<6xf32>
      %n = arith.addf %d, %x_i : tensor<6xf32>
      seq.yield next(%n : tensor<6xf32>) out(%n : tensor<6xf32>)
    } : (tensor<4x6xf32>, tensor<6xf32>) -> (tensor<4x6xf32>, tensor<6xf32>)
    %s = arith.addf %h, %i : tensor<6xf32>
    %n = arith.mulf %half, %s : tensor<6xf32>
    seq.yield next(%n : tensor<6xf32>) out(%z : tensor<4x6xf32>)
  } : (tensor<?x?x4x6xf32>, tensor<?x6xf32>, tensor<?x6xf32>) -> (tensor<?x?x4x6xf32>, tensor<?x6xf32>)
  return %y, %l : tensor<?x?x4x6xf32>, tensor<?x6xf32>
}

func.func @control(%x: tensor<?x?x5xf32>, %flag: tensor<?x?xi1>, %h0: tensor<?x5xf32>) -> (tensor<?x?x5xf32>, tensor<?x5xf32>) {
  %half = arith.constant dense<0.5> : tensor<5xf32>
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %y, %l = seq.recurrence (%x_t: tensor<5xf32> in %x, %f_t: tensor<i1> in %flag) states(%h: tensor<5xf32> = %h0) {
    %f = tensor.extract %f_t[] : tensor<i1>
    %a = scf.if %f -> (tensor<5xf32>) {
      %t = math.tanh %h : tensor<5xf32>
      %p = arith.addf %t, %x_t : tensor<5xf32>
      scf.yield %p : tensor<5xf32>
    } else {
      %m = arith.subf %h, %x_t : tensor<5xf32>
      scf.yield %m : tensor<5xf32>
    }
    %n = scf.for %i = %c0 to %c3 step %c1 iter_args(%b = %a) -> (tensor<5xf32>) {
      %s = arith.mulf %half, %b : tensor<5xf32>
      %i32 = arith.index_cast %i : index to i32
      %if = arith.sitofp %i32 : i32 to f32
      %is = tensor.splat %if : tensor<5xf32>
      %q = arith.addf %s, %is : tensor<5xf32>
      scf.yield %q : tensor<5xf32>
    }
    seq.yield next(%n : tensor<5xf32>) out(%n : tensor<5xf32>)
  } : (tensor<?x?x5xf32>, tensor<?x?xi1>, tensor<?x5xf32>) -> (tensor<?x?x5xf32>, tensor<?x5xf32>)
  return %y, %l : tensor<?x?x5xf32>, tensor<?x5xf32>
}

func.func @bf16(%x: tensor<?x?x17xbf16>, %h0: tensor<?x17xf32>) -> (tensor<?x?x17xbf16>, tensor<?x17xf32>) {
  %c = arith.constant dense<0.9> : tensor<17xf32>
  %y, %l = seq.recurrence (%x_t: tensor<17xbf16> in %x) states(%h: tensor<17xf32> = %h0) {
    %w = arith.extf %x_t : tensor<17xbf16> to tensor<17xf32>
    %m = arith.mulf %c, %h : tensor<17xf32>
    %n = arith.addf %m, %w : tensor<17xf32>
    %o = arith.truncf %n : tensor<17xf32> to tensor<17xbf16>
    seq.yield next(%n : tensor<17xf32>) out(%o : tensor<17xbf16>)
  } : (tensor<?x?x17xbf16>, tensor<?x17xf32>) -> (tensor<?x?x17xbf16>, tensor<?x17xf32>)
  return %y, %l : tensor<?x?x17xbf16>, tensor<?x17xf32>
}

func.func @f16(%x: tensor<?x?x17xf16>, %h0: tensor<?x17xf32>) -> (tensor<?x?x17xf16>, tensor<?x17xf32>) {
  %c = arith.constant dense<0.9> : tensor<17xf32>
  %y, %l = seq.recurrence (%x_t: tensor<17xf16> in %x) states(%h: tensor<17xf32> = %h0) {
    %w = arith.extf %x_t : tensor<17xf16> to tensor<17xf32>
    %m = arith.mulf %c, %h : tensor<17xf32>
    %n = arith.addf %m, %w : tensor<17xf32>
    %o = arith.truncf %n : tensor<17xf32> to tensor<17xf16>
    seq.yield next(%n : tensor<17xf32>) out(%o : tensor<17xf16>)
  } : (tensor<?x?x17xf16>, tensor<?x17xf32>) -> (tensor<?x?x17xf16>, tensor<?x17xf32>)
  return %y, %l : tensor<?x?x17xf16>, tensor<?x17xf32>
}

func.func @dynamic(%x: tensor<?x?x?xf32>, %h0: tensor<?x?xf32>, %w: tensor<?x?xf32>) -> (tensor<?x?x?xf32>, tensor<?x?xf32>) {
  %y, %l = seq.recurrence (%x_t: tensor<?xf32> in %x) states(%h: tensor<?xf32> = %h0) {
    %s = linalg.matvec ins(%w, %h : tensor<?x?xf32>, tensor<?xf32>) outs(%x_t : tensor<?xf32>) -> tensor<?xf32>
    %n = math.tanh %s : tensor<?xf32>
    seq.yield next(%n : tensor<?xf32>) out(%n : tensor<?xf32>)
  } : (tensor<?x?x?xf32>, tensor<?x?xf32>) -> (tensor<?x?x?xf32>, tensor<?x?xf32>)
  return %y, %l : tensor<?x?x?xf32>, tensor<?x?xf32>
}
