// RUN: seqc-opt %s -split-input-file -verify-diagnostics -seq-check-schedule
// Schedules of scans that a GPU cannot obey.
#gpu = #seq.target<"nvptx64-nvidia-cuda", cpu = "sm_80", features = "+ptx80", vector_bits = 32, vector_registers = 255, l1_bytes = 196608, l2_bytes = 41943040>
module attributes {seqc.target = #gpu} {
  func.func @chunk(%x: tensor<?x8xf32>, %h0: tensor<8xf32>) -> tensor<?x8xf32> attributes {seq.schedule = #seq.schedule<fused, vector_bits = 32, rows = 1, vectors = 1>} {
    // expected-error @+1 {{expected a chunk of 1 to 32 steps of a thread and 1 to 32 rows, warps of a block, each a power of two, for plan 'scan' on a GPU, but got 12 and 8}}
    %y, %last = seq.recurrence (%u: tensor<8xf32> in %x) states(%h: tensor<8xf32> = %h0) {
      %n = arith.addf %h, %u : tensor<8xf32>
      seq.yield next(%n : tensor<8xf32>) out(%n : tensor<8xf32>)
    } schedule(<scan, vector_bits = 32, chunk = 12, rows = 8, vectors = 1>) : (tensor<?x8xf32>, tensor<8xf32>) -> (tensor<?x8xf32>, tensor<8xf32>)
    return %y : tensor<?x8xf32>
  }
}

// -----

#gpu = #seq.target<"nvptx64-nvidia-cuda", cpu = "sm_80", features = "+ptx80", vector_bits = 32, vector_registers = 255, l1_bytes = 196608, l2_bytes = 41943040>
module attributes {seqc.target = #gpu} {
  func.func @tiles(%x: tensor<?x8xf32>, %h0: tensor<8xf32>) -> tensor<?x8xf32> attributes {seq.schedule = #seq.schedule<fused, vector_bits = 32, rows = 1, vectors = 1>} {
    // expected-error @+1 {{expected no batch_tile, no channel_tile and one vector for plan 'scan' on a GPU, but got 3, 0 and 1}}
    %y, %last = seq.recurrence (%u: tensor<8xf32> in %x) states(%h: tensor<8xf32> = %h0) {
      %n = arith.addf %h, %u : tensor<8xf32>
      seq.yield next(%n : tensor<8xf32>) out(%n : tensor<8xf32>)
    } schedule(<scan, vector_bits = 32, batch_tile = 3, chunk = 8, rows = 8, vectors = 1>) : (tensor<?x8xf32>, tensor<8xf32>) -> (tensor<?x8xf32>, tensor<8xf32>)
    return %y : tensor<?x8xf32>
  }
}

// -----

#gpu = #seq.target<"nvptx64-nvidia-cuda", cpu = "sm_80", features = "+ptx80", vector_bits = 32, vector_registers = 255, l1_bytes = 196608, l2_bytes = 41943040>
module attributes {seqc.target = #gpu} {
  func.func @modes(%x: tensor<?x8xf32>, %h0: tensor<4x8xf32>) -> tensor<?x8xf32> attributes {seq.schedule = #seq.schedule<fused, vector_bits = 32, rows = 1, vectors = 1>} {
    // expected-error @+1 {{expected a channel_tile of 1 to 32 channels of a warp where outs of plan 'scan' add up modes, but got 64}}
    %y, %last = seq.recurrence (%u: tensor<8xf32> in %x) states(%h: tensor<4x8xf32> = %h0) {
      %e = tensor.empty() : tensor<4x8xf32>
      %b = linalg.broadcast ins(%u : tensor<8xf32>) outs(%e : tensor<4x8xf32>) dimensions = [0]
      %n = arith.addf %h, %b : tensor<4x8xf32>
      %o = linalg.reduce { arith.addf } ins(%n : tensor<4x8xf32>) outs(%u : tensor<8xf32>) dimensions = [0]
      seq.yield next(%n : tensor<4x8xf32>) out(%o : tensor<8xf32>)
    } schedule(<scan, vector_bits = 32, channel_tile = 64, chunk = 8, rows = 8, vectors = 1>) : (tensor<?x8xf32>, tensor<4x8xf32>) -> (tensor<?x8xf32>, tensor<4x8xf32>)
    return %y : tensor<?x8xf32>
  }
}
