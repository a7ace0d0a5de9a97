// RUN: %seqc-opt %s -split-input-file -verify-diagnostics

func.func @f(%x: tensor<?xf32>, %n: index) -> tensor<?xf32> {
  return %x : tensor<?xf32>
}
// expected-error @+1 {{expected attribute 'seq.version' to be [#seq.version<…>, …], but got 3 : i64}}
func.func private @a(%x: tensor<?xf32>, %n: index) -> tensor<?xf32> attributes {seq.version = 3} {
  return %x : tensor<?xf32>
}
// expected-error @+1 {{expected attribute 'seq.version' to be [#seq.version<…>, …], but got []}}
func.func private @b(%x: tensor<?xf32>, %n: index) -> tensor<?xf32> attributes {seq.version = []} {
  return %x : tensor<?xf32>
}
// expected-error @+1 {{expected attribute 'seq.version' on a private function of the same type as @f, another function of this module}}
func.func private @c(%x: tensor<?xf32>) -> tensor<?xf32> attributes {seq.version = [#seq.version<@f, argument = 0, dimension = 0, from = 2>]} {
  return %x : tensor<?xf32>
}
// expected-error @+1 {{expected attribute 'seq.version' on a private function of the same type as @f}}
func.func @d(%x: tensor<?xf32>, %n: index) -> tensor<?xf32> attributes {seq.version = [#seq.version<@f, argument = 0, dimension = 0, from = 2>]} {
  return %x : tensor<?xf32>
}
// expected-error @+1 {{expected attribute 'seq.version' on a private function of the same type as @g, another function}}
func.func private @e(%x: tensor<?xf32>, %n: index) -> tensor<?xf32> attributes {seq.version = [#seq.version<@g, argument = 0, dimension = 0, from = 2>]} {
  return %x : tensor<?xf32>
}
// expected-error @+1 {{expected 'seq.version' to name a size of an argument, but got #seq.version<@f, argument = 0, dimension = 1, from = 2>}}
func.func private @h(%x: tensor<?xf32>, %n: index) -> tensor<?xf32> attributes {seq.version = [#seq.version<@f, argument = 0, dimension = 1, from = 2>]} {
  return %x : tensor<?xf32>
}
// expected-error @+1 {{expected 'seq.version' to name a size of an argument, but got #seq.version<@f, argument = 2, dimension = 0, from = 2>}}
func.func private @i(%x: tensor<?xf32>, %n: index) -> tensor<?xf32> attributes {seq.version = [#seq.version<@f, argument = 2, dimension = 0, from = 2>]} {
  return %x : tensor<?xf32>
}
// The value of an index argument is one size.
func.func private @j(%x: tensor<?xf32>, %n: index) -> tensor<?xf32> attributes {seq.version = [#seq.version<@f, argument = 1, dimension = 0, from = 2>, #seq.version<@f, argument = 0, dimension = 0, below = 9>]} {
  return %x : tensor<?xf32>
}

// -----

func.func @f(%x: tensor<?xf32>) -> tensor<?xf32> {
  return %x : tensor<?xf32>
}
// expected-error @+1 {{expected an argument and a dimension of 0 or more and sizes from 0 up, but got argument 0, dimension 0, from 3, below 3}}
func.func private @g(%x: tensor<?xf32>) -> tensor<?xf32> attributes {seq.version = [#seq.version<@f, argument = 0, dimension = 0, from = 3, below = 3>]} {
  return %x : tensor<?xf32>
}
