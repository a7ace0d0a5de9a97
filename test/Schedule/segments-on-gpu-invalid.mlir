// RUN: seqc-opt %s -split-input-file -verify-diagnostics -seq-check-schedule

#gpu = #seq.target<"nvptx64-nvidia-cuda", cpu = "sm_80", features = "+ptx80", vector_bits = 32, vector_registers = 255, l1_bytes = 196608, l2_bytes = 41943040>
module attributes {seqc.target = #gpu} {
  func.func @chunk(%x: tensor<?x8xf32>, %h0: tensor<8xf32>) -> tensor<?x8xf32> attributes {seq.schedule = #seq.schedule<fused, vector_bits = 32, rows = 1, vectors = 1>} {
    // expected-error @+1 {{expected a chunk of 16 to 1048576 steps, a multiple of 16, for plan 'segments' on a GPU, but got 40}}
    %y, %last = seq.recurrence (%u: tensor<8xf32> in %x) states(%h: tensor<8xf32> = %h0) {
      %n = arith.addf %h, %u : tensor<8xf32>
      seq.yield next(%n : tensor<8xf32>) out(%n : tensor<8xf32>)
    } schedule(<segments, vector_bits = 32, chunk = 40, strip = 8, rows = 4, vectors = 1>) : (tensor<?x8xf32>, tensor<8xf32>) -> (tensor<?x8xf32>, tensor<8xf32>)
    return %y : tensor<?x8xf32>
  }
}

// -----

#gpu = #seq.target<"nvptx64-nvidia-cuda", cpu = "sm_80", features = "+ptx80", vector_bits = 32, vector_registers = 255, l1_bytes = 196608, l2_bytes = 41943040>
module attributes {seqc.target = #gpu} {
  func.func @strip(%x: tensor<?x8xf32>, %h0: tensor<8xf32>) -> tensor<?x8xf32> attributes {seq.schedule = #seq.schedule<fused, vector_bits = 32, rows = 1, vectors = 1>} {
    // expected-error @+1 {{expected a strip of 1 to 16 steps of a thread, a power of two, and 1 to 32 rows, warps of a block, for plan 'newton' on a GPU, but got 3 and 4}}
    %y, %last = seq.recurrence (%u: tensor<8xf32> in %x) states(%h: tensor<8xf32> = %h0) {
      %n = arith.addf %h, %u : tensor<8xf32>
      seq.yield next(%n : tensor<8xf32>) out(%n : tensor<8xf32>)
    } schedule(<newton, vector_bits = 32, chunk = 64, strip = 3, rows = 4, vectors = 1>) : (tensor<?x8xf32>, tensor<8xf32>) -> (tensor<?x8xf32>, tensor<8xf32>)
    return %y : tensor<?x8xf32>
  }
}

// -----

#gpu = #seq.target<"nvptx64-nvidia-cuda", cpu = "sm_80", features = "+ptx80", vector_bits = 32, vector_registers = 255, l1_bytes = 196608, l2_bytes = 41943040>
module attributes {seqc.target = #gpu} {
  func.func @warps(%x: tensor<?x8xf32>, %h0: tensor<8xf32>) -> tensor<?x8xf32> attributes {seq.schedule = #seq.schedule<fused, vector_bits = 32, rows = 1, vectors = 1>} {
    // expected-error @+1 {{expected a strip of 1 to 16 steps of a thread, a power of two, and 1 to 32 rows, warps of a block, for plan 'segments' on a GPU, but got 8 and 33}}
    %y, %last = seq.recurrence (%u: tensor<8xf32> in %x) states(%h: tensor<8xf32> = %h0) {
      %n = arith.addf %h, %u : tensor<8xf32>
      seq.yield next(%n : tensor<8xf32>) out(%n : tensor<8xf32>)
    } schedule(<segments, vector_bits = 32, chunk = 64, strip = 8, rows = 33, vectors = 1>) : (tensor<?x8xf32>, tensor<8xf32>) -> (tensor<?x8xf32>, tensor<8xf32>)
    return %y : tensor<?x8xf32>
  }
}

// -----

#gpu = #seq.target<"nvptx64-nvidia-cuda", cpu = "sm_80", features = "+ptx80", vector_bits = 32, vector_registers = 255, l1_bytes = 196608, l2_bytes = 41943040>
module attributes {seqc.target = #gpu} {
  func.func @tiles(%x: tensor<?x8xf32>, %h0: tensor<8xf32>) -> tensor<?x8xf32> attributes {seq.schedule = #seq.schedule<fused, vector_bits = 32, rows = 1, vectors = 1>} {
    // expected-error @+1 {{expected no batch_tile, no channel_tile and one vector for plan 'segments' on a GPU, but got 2, 0 and 1}}
    %y, %last = seq.recurrence (%u: tensor<8xf32> in %x) states(%h: tensor<8xf32> = %h0) {
      %n = arith.addf %h, %u : tensor<8xf32>
      seq.yield next(%n : tensor<8xf32>) out(%n : tensor<8xf32>)
    } schedule(<segments, vector_bits = 32, batch_tile = 2, chunk = 64, strip = 8, rows = 4, vectors = 1>) : (tensor<?x8xf32>, tensor<8xf32>) -> (tensor<?x8xf32>, tensor<8xf32>)
    return %y : tensor<?x8xf32>
  }
}

// -----

#gpu = #seq.target<"nvptx64-nvidia-cuda", cpu = "sm_80", features = "+ptx80", vector_bits = 32, vector_registers = 255, l1_bytes = 196608, l2_bytes = 41943040>
module attributes {seqc.target = #gpu} {
  func.func @mixes(%x: tensor<?x8xf32>, %h0: tensor<8xf32>) -> tensor<?x8xf32> attributes {seq.schedule = #seq.schedule<fused, vector_bits = 32, rows = 1, vectors = 1>} {
    // expected-error @+1 {{expected a step for which plan 'segments' is legal, but its states mix channels, and such states never meet bit for bit (GPUs do not have the certificate 'backward' yet)}}
    %y, %last = seq.recurrence (%u: tensor<8xf32> in %x) states(%h: tensor<8xf32> = %h0) {
      %e = tensor.empty() : tensor<8xf32>
      %r = linalg.transpose ins(%h : tensor<8xf32>) outs(%e : tensor<8xf32>) permutation = [0]
      %b = tensor.extract_slice %r[1] [7] [1] : tensor<8xf32> to tensor<7xf32>
      %t = tensor.extract_slice %r[0] [1] [1] : tensor<8xf32> to tensor<1xf32>
      %c = tensor.concat dim(0) %b, %t : (tensor<7xf32>, tensor<1xf32>) -> tensor<8xf32>
      %n = arith.addf %c, %u : tensor<8xf32>
      seq.yield next(%n : tensor<8xf32>) out(%n : tensor<8xf32>)
    } schedule(<segments, vector_bits = 32, chunk = 64, strip = 8, rows = 4, vectors = 1>) : (tensor<?x8xf32>, tensor<8xf32>) -> (tensor<?x8xf32>, tensor<8xf32>)
    return %y : tensor<?x8xf32>
  }
}

// -----

#gpu = #seq.target<"nvptx64-nvidia-cuda", cpu = "sm_80", features = "+ptx80", vector_bits = 32, vector_registers = 255, l1_bytes = 196608, l2_bytes = 41943040>
module attributes {seqc.target = #gpu} {
  func.func @chunked(%x: tensor<?x8xf32>, %h0: tensor<8xf32>) -> tensor<?x8xf32> attributes {seq.schedule = #seq.schedule<fused, vector_bits = 32, rows = 1, vectors = 1>} {
    // expected-error @+1 {{expected plan 'reference', 'fused', 'scan', 'segments' or 'newton', but got 'chunked', which seqc does not implement yet}}
    %y, %last = seq.recurrence (%u: tensor<8xf32> in %x) states(%h: tensor<8xf32> = %h0) {
      %n = arith.addf %h, %u : tensor<8xf32>
      seq.yield next(%n : tensor<8xf32>) out(%n : tensor<8xf32>)
    } schedule(<chunked, vector_bits = 32, rows = 1, vectors = 1>) : (tensor<?x8xf32>, tensor<8xf32>) -> (tensor<?x8xf32>, tensor<8xf32>)
    return %y : tensor<?x8xf32>
  }
}

// -----

#gpu = #seq.target<"nvptx64-nvidia-cuda", cpu = "sm_80", features = "+ptx80", vector_bits = 32, vector_registers = 255, l1_bytes = 196608, l2_bytes = 41943040>
module attributes {seqc.target = #gpu} {
  func.func @reference(%x: tensor<?x8xf32>, %h0: tensor<8xf32>) -> tensor<?x8xf32> attributes {seq.schedule = #seq.schedule<fused, vector_bits = 32, rows = 1, vectors = 1>} {
    // expected-error @+1 {{expected plan 'fused', 'scan', 'segments' or 'newton' for a GPU, but got 'reference', which is the CPU's}}
    %y, %last = seq.recurrence (%u: tensor<8xf32> in %x) states(%h: tensor<8xf32> = %h0) {
      %n = arith.addf %h, %u : tensor<8xf32>
      seq.yield next(%n : tensor<8xf32>) out(%n : tensor<8xf32>)
    } schedule(<reference>) : (tensor<?x8xf32>, tensor<8xf32>) -> (tensor<?x8xf32>, tensor<8xf32>)
    return %y : tensor<?x8xf32>
  }
}
