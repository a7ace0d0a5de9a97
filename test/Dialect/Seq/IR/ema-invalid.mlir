// RUN: %seqc-opt %s -split-input-file -verify-diagnostics

func.func @ema_c1_element(%x: tensor<?x?x8xf32>, %b: tensor<8xf32>, %h: tensor<?x8xbf16>) {
  // expected-error @+1 {{expected initial values of f32 or of f64, but got 'tensor<?x8xbf16>'}}
  %y:2 = seq.ema diagonal constant input(%x) decay(%b) initial(%h)
      : (tensor<?x?x8xf32>, tensor<8xf32>, tensor<?x8xbf16>) -> (tensor<?x?x8xf32>, tensor<?x8xf32>)
  return
}

// -----

func.func @ema_c1_shape(%x: tensor<?x?x8xf32>, %b: tensor<8xf32>, %h: tensor<?x4xf32>) {
  // expected-error @+1 {{expected 'initial' to have shape [?, 8], but got 'tensor<?x4xf32>'}}
  %y:2 = seq.ema diagonal constant input(%x) decay(%b) initial(%h)
      : (tensor<?x?x8xf32>, tensor<8xf32>, tensor<?x4xf32>) -> (tensor<?x?x8xf32>, tensor<?x4xf32>)
  return
}

// -----

func.func @ema_c1_product(%x: tensor<?x?x8xf32>, %b: tensor<f32>, %h: tensor<?x8xf32>, %c: tensor<?x8xf32>) {
  // expected-error @+1 {{expected 'initial' to have shape [?], but got 'tensor<?x8xf32>'}}
  %y:3 = seq.ema scalar constant corrected input(%x) decay(%b) initial(%h, %c)
      : (tensor<?x?x8xf32>, tensor<f32>, tensor<?x8xf32>, tensor<?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>)
  return
}

// -----

func.func @ema_c2_count(%x: tensor<?x?x8xf32>, %b: tensor<8xf32>, %h: tensor<?x8xf32>) {
  // expected-error @+1 {{expected 2 initial value(s), but got 1}}
  %y:2 = seq.ema diagonal constant corrected input(%x) decay(%b) initial(%h)
      : (tensor<?x?x8xf32>, tensor<8xf32>, tensor<?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x8xf32>)
  return
}

// -----

func.func @ema_c2_corrected(%x: tensor<?x?x8xf32>, %a: tensor<4x8xf32>, %d: tensor<4x8xf32>, %e: tensor<4x8xf32>, %g: tensor<4x8xf32>, %h: tensor<?x4x8xf32>) {
  // expected-error @+1 {{expected no 'corrected' with 'damped'}}
  %y:2 = seq.ema damped corrected input(%x) alpha(%a) delta(%d) expand(%e) project(%g) initial(%h)
      : (tensor<?x?x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>, tensor<?x4x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x4x8xf32>)
  return
}

// -----

func.func @ema_c3_none(%x: tensor<?x?x8xf32>, %h: tensor<?x8xf32>) {
  // expected-error @+1 {{expected 'decay' with 'diagonal', but got none}}
  %y:2 = seq.ema diagonal input(%x) initial(%h)
      : (tensor<?x?x8xf32>, tensor<?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x8xf32>)
  return
}

// -----

func.func @ema_c3_other(%x: tensor<?x?x8xf32>, %b: tensor<8xf32>, %a: tensor<4x8xf32>, %h: tensor<?x8xf32>) {
  // expected-error @+1 {{expected no 'alpha' with 'diagonal', but got one}}
  %y:2 = seq.ema diagonal constant input(%x) decay(%b) alpha(%a) initial(%h)
      : (tensor<?x?x8xf32>, tensor<8xf32>, tensor<4x8xf32>, tensor<?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x8xf32>)
  return
}

// -----

func.func @ema_c3_shape(%x: tensor<?x?x8xf32>, %b: tensor<8xf32>, %h: tensor<?x8xf32>) {
  // expected-error @+1 {{expected 'decay' to have shape [?, ?, 8], but got 'tensor<8xf32>'}}
  %y:2 = seq.ema diagonal input(%x) decay(%b) initial(%h)
      : (tensor<?x?x8xf32>, tensor<8xf32>, tensor<?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x8xf32>)
  return
}

// -----

func.func @ema_c4_angle(%x: tensor<?x?x8xf32>, %a: tensor<4x8xf32>, %d: tensor<4x8xf32>, %g: tensor<4x8xf32>, %k: tensor<4x8xf32>, %h: tensor<?x4x8xf32>, %i: tensor<?x4x8xf32>) {
  // expected-error @+1 {{expected 'angle' with 'complex', but got none}}
  %y:3 = seq.ema complex input(%x) alpha(%a) delta(%d) project(%g, %k) initial(%h, %i)
      : (tensor<?x?x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>, tensor<?x4x8xf32>, tensor<?x4x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x4x8xf32>, tensor<?x4x8xf32>)
  return
}

// -----

func.func @ema_c4_project(%x: tensor<?x?x8xf32>, %a: tensor<4x8xf32>, %d: tensor<4x8xf32>, %e: tensor<4x8xf32>, %g: tensor<4x8xf32>, %k: tensor<4x8xf32>, %h: tensor<?x4x8xf32>) {
  // expected-error @+1 {{expected 1 'project' with 'damped', but got 2}}
  %y:2 = seq.ema damped input(%x) alpha(%a) delta(%d) expand(%e) project(%g, %k) initial(%h)
      : (tensor<?x?x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>, tensor<?x4x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x4x8xf32>)
  return
}

// -----

func.func @ema_c4_constant(%x: tensor<?x?x8xf32>, %a: tensor<4x8xf32>, %d: tensor<4x8xf32>, %e: tensor<4x8xf32>, %g: tensor<4x8xf32>, %h: tensor<?x4x8xf32>) {
  // expected-error @+1 {{expected no 'constant' with 'damped', whose parameters are constant}}
  %y:2 = seq.ema damped constant input(%x) alpha(%a) delta(%d) expand(%e) project(%g) initial(%h)
      : (tensor<?x?x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>, tensor<?x4x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x4x8xf32>)
  return
}

// -----

func.func @ema_c4_shape(%x: tensor<?x?x8xf32>, %a: tensor<f32>, %d: tensor<4x8xf32>, %e: tensor<4x8xf32>, %g: tensor<4x8xf32>, %h: tensor<?x4x8xf32>) {
  // expected-error @+1 {{expected 'alpha' to have shape [?, 8], but got 'tensor<f32>'}}
  %y:2 = seq.ema damped input(%x) alpha(%a) delta(%d) expand(%e) project(%g) initial(%h)
      : (tensor<?x?x8xf32>, tensor<f32>, tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>, tensor<?x4x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x4x8xf32>)
  return
}

// -----

func.func @ema_c5_rank(%x: tensor<?x?x8xf32>, %b: tensor<8xf32>, %h: tensor<?x8xf32>) {
  // expected-error @+1 {{expected 'value_rank' between 0 and 2, but got 3}}
  %y:2 = seq.ema diagonal constant input(%x) decay(%b) initial(%h) {value_rank = 3 : i64}
      : (tensor<?x?x8xf32>, tensor<8xf32>, tensor<?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x8xf32>)
  return
}

// -----

func.func @ema_c6_wider(%x: tensor<?x?x8xf32>, %b: tensor<8xf64>, %h: tensor<?x8xf32>) {
  // expected-error @+1 {{expected 'decay' to hold 'f32' or a narrower float, but got 'tensor<8xf64>'}}
  %y:2 = seq.ema diagonal constant input(%x) decay(%b) initial(%h)
      : (tensor<?x?x8xf32>, tensor<8xf64>, tensor<?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x8xf32>)
  return
}

// -----

func.func @ema_c7_resets(%x: tensor<?x?x8xf32>, %b: tensor<8xf32>, %h: tensor<?x8xf32>, %r: tensor<?x?xi8>) {
  // expected-error @+1 {{expected 'resets' to be of i1, but got 'tensor<?x?xi8>'}}
  %y:2 = seq.ema diagonal constant input(%x) decay(%b) initial(%h) resets(%r)
      : (tensor<?x?x8xf32>, tensor<8xf32>, tensor<?x8xf32>, tensor<?x?xi8>) -> (tensor<?x?x8xf32>, tensor<?x8xf32>)
  return
}

// -----

func.func @ema_c8_time(%x: tensor<?x?x8xf32>, %b: tensor<8xf32>, %h: tensor<?x8xf32>) {
  // expected-error @+1 {{expected 'time' between 0 and 1 (the number of batch dimensions), but got 2}}
  %y:2 = seq.ema diagonal constant input(%x) decay(%b) initial(%h) {time = 2 : i64}
      : (tensor<?x?x8xf32>, tensor<8xf32>, tensor<?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x8xf32>)
  return
}

// -----

func.func @ema_c9_output(%x: tensor<?x?x8xf32>, %b: tensor<8xf32>, %h: tensor<?x8xf32>) {
  // expected-error @+1 {{expected result #0 to be 'tensor<?x?x8xf32>', but got 'tensor<?x?x9xf32>'}}
  %y:2 = seq.ema diagonal constant input(%x) decay(%b) initial(%h)
      : (tensor<?x?x8xf32>, tensor<8xf32>, tensor<?x8xf32>) -> (tensor<?x?x9xf32>, tensor<?x8xf32>)
  return
}

// -----

func.func @ema_c9_finals(%x: tensor<?x?x8xf32>, %b: tensor<8xf32>, %h: tensor<?x8xf32>) {
  // expected-error @+1 {{expected one more result of the type of each initial value, but got 'tensor<?x9xf32>'}}
  %y:2 = seq.ema diagonal constant input(%x) decay(%b) initial(%h)
      : (tensor<?x?x8xf32>, tensor<8xf32>, tensor<?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x9xf32>)
  return
}
