// Affine steps: extracts A and u of h' = A h + u from the expressions of the next states.
//
// An expression that is affine in the states is kept as
//
//   flag ? restart : Σ_j a_j h_j + u            flag, restart, a_j, u free of the states
//
// A selection that drops the states is the flag and not a coefficient 0, because 0·∞ is not 0. The
// maps h -> A h + u are closed under composition: (A2, u2) after (A1, u1) is (A2 A1, A2 u1 + u2).
// Entries of A that are 0 or 1 in every product need no component.
#include "ScanGroup.h"

using namespace mlir;
using namespace seqc;

namespace {
/// Null coefficients and a null `u` are 0. `restart` is set if `flag` is.
struct Affine {
  Exprs a;
  const Expr *u = nullptr, *flag = nullptr, *restart = nullptr;
  bool reads() const {
    return llvm::any_of(a, [](const Expr *e) { return e != nullptr; });
  }
};

class Extraction {
public:
  Extraction(ExprPool &pool, ArrayRef<unsigned> states) : pool(pool), states(states) {}
  std::optional<Affine> of(const Expr *e);
  /// Without the flag: its coefficients become selections.
  Affine folded(Affine x);
  const Expr *breaker = nullptr;

private:
  std::optional<Affine> compute(const Expr *e);
  std::optional<Affine> sum(Affine x, Affine y);
  std::optional<Affine> select(const Expr *flag, Affine x, Affine y);
  /// Each part through a linear function.
  template <typename F> Affine mapped(Affine x, F f);
  const Expr *orZero(const Expr *e, Type type) { return e ? e : pool.number(0, type); }
  ExprPool &pool;
  ArrayRef<unsigned> states;
  DenseMap<const Expr *, Affine> done;
};
} // namespace

template <typename F> Affine Extraction::mapped(Affine x, F f) {
  for (const Expr *&a : x.a)
    a = a ? f(a) : nullptr;
  x.u = x.u ? f(x.u) : nullptr;
  x.restart = x.restart ? f(x.restart) : nullptr;
  return x;
}

Affine Extraction::folded(Affine x) {
  if (!x.flag)
    return x;
  for (const Expr *&a : x.a)
    a = a ? pool.select(x.flag, pool.number(0, a->type), a) : nullptr;
  x.u = pool.select(x.flag, x.restart, orZero(x.u, x.restart->type));
  x.flag = x.restart = nullptr;
  return x;
}

std::optional<Affine> Extraction::sum(Affine x, Affine y) {
  if (x.reads() && y.reads() && x.flag != y.flag) {
    x = folded(x);
    y = folded(y);
  }
  if (!x.reads())
    std::swap(x, y);
  auto add = [&](const Expr *a, const Expr *b) { return a && b ? pool.add(a, b) : a ? a : b; };
  if (x.flag)
    x.restart = add(x.restart, y.flag == x.flag ? y.restart : y.u);
  for (auto [a, b] : llvm::zip_equal(x.a, y.a))
    a = add(a, b);
  x.u = add(x.u, y.u);
  return x;
}

std::optional<Affine> Extraction::select(const Expr *flag, Affine x, Affine y) {
  if (!x.reads() || !y.reads()) {
    bool drops = !x.reads();
    if (!drops) {
      flag = pool.op("arith.xori", {flag, pool.number(1, flag->type)});
      std::swap(x, y);
    }
    Type type =
        x.u ? x.u->type : (y.u ? y.u : *llvm::find_if(y.a, [](auto *e) { return e; }))->type;
    const Expr *dropped = orZero(x.u, type);
    y.restart = y.flag ? pool.select(flag, dropped, y.restart) : dropped;
    y.flag = y.flag ? pool.either(flag, y.flag) : flag;
    return y;
  }
  if (x.flag != y.flag) {
    x = folded(x);
    y = folded(y);
  }
  auto choose = [&](const Expr *a, const Expr *b) -> const Expr * {
    if (!a && !b)
      return nullptr;
    return pool.select(flag, orZero(a, (a ? a : b)->type), orZero(b, (a ? a : b)->type));
  };
  for (auto [a, b] : llvm::zip_equal(x.a, y.a))
    a = choose(a, b);
  x.u = choose(x.u, y.u);
  x.restart = choose(x.restart, y.restart);
  return x;
}

std::optional<Affine> Extraction::of(const Expr *e) {
  auto it = done.find(e);
  if (it != done.end())
    return it->second;
  std::optional<Affine> result = compute(e);
  if (result)
    done[e] = *result;
  else if (!breaker)
    breaker = e;
  return result;
}

std::optional<Affine> Extraction::compute(const Expr *e) {
  Affine result;
  result.a.assign(states.size(), nullptr);
  if (e->states == 0) {
    result.u = isNumber(e, 0) ? nullptr : e;
    return result;
  }
  if (e->kind == Expr::Kind::State) {
    result.a[llvm::find(states, e->index) - states.begin()] = pool.number(1, e->type);
    return result;
  }
  bool product = e->isOp("arith.mulf") || e->isOp("arith.muli") || e->isOp("math.fma");
  bool chooses = e->isOp("arith.select") && !e->operands[0]->states;
  bool plus = e->isOp("arith.addf") || e->isOp("arith.addi");
  bool minus = e->isOp("arith.subf") || e->isOp("arith.subi");
  bool unary = e->isOp("arith.negf") || e->isOp("arith.extf") || e->isOp("arith.truncf");
  bool quotient = e->isOp("arith.divf") && !e->operands[1]->states;
  if (product && e->operands[0]->states && e->operands[1]->states)
    return std::nullopt;
  if (!product && !chooses && !plus && !minus && !unary && !quotient)
    return std::nullopt;
  SmallVector<Affine> parts;
  for (const Expr *operand : e->operands) {
    std::optional<Affine> part = of(operand);
    if (!part)
      return std::nullopt;
    parts.push_back(*part);
  }
  auto convert = [&](const Expr *a) {
    return isNumber(a, 1) ? pool.number(1, e->type)
                          : pool.op(*e->name, e->attributes, {a}, e->type);
  };
  if (chooses)
    return select(e->operands[0], parts[1], parts[2]);
  if (plus)
    return sum(parts[0], parts[1]);
  if (minus)
    return sum(parts[0], mapped(parts[1], [&](const Expr *a) { return pool.neg(a); }));
  if (quotient)
    return mapped(parts[0],
                  [&](const Expr *a) { return pool.op("arith.divf", {a, e->operands[1]}); });
  if (unary)
    return e->isOp("arith.negf") ? mapped(parts[0], [&](const Expr *a) { return pool.neg(a); })
                                 : mapped(parts[0], convert);
  bool first = e->operands[0]->states == 0; // the factor
  const Expr *factor = e->operands[first ? 0 : 1];
  Affine scaled = mapped(parts[first ? 1 : 0], [&](const Expr *a) { return pool.mul(factor, a); });
  return e->isOp("math.fma") ? sum(scaled, parts[2]) : scaled;
}

namespace {
enum class Entry { Zero, One, Any };

/// A block: its rows, the entries that every product of such blocks keeps, and where the others
/// are components.
struct AffineBlock {
  AffineBlock(ExprPool &pool, SmallVector<Affine> rows, Type type)
      : pool(pool), size(rows.size()), rows(std::move(rows)), type(type) {}
  ExprPool &pool;
  unsigned size;
  SmallVector<Affine> rows;
  Type type;
  SmallVector<Entry> entries;
  /// Component of each entry, -1 without one; with `rotates`, that of entry (1, 1) is that of
  /// (0, 0), and (0, 1) is minus (1, 0).
  SmallVector<int> component;
  bool rotates = false;
  unsigned components = 0;

  void close();
  void place();
  const Expr *entry(ArrayRef<const Expr *> tuple, unsigned i, unsigned j);
  const Expr *product(const Expr *a, const Expr *b) { return a && b ? pool.mul(a, b) : nullptr; }
  const Expr *plus(const Expr *a, const Expr *b) { return a && b ? pool.add(a, b) : a ? a : b; }
  Exprs combine(ArrayRef<const Expr *> earlier, ArrayRef<const Expr *> later);
};
} // namespace

/// The entries of which some product of blocks is neither 0 nor 1 become Any.
void AffineBlock::close() {
  for (unsigned i = 0; i < size * size; ++i) {
    const Expr *a = rows[i / size].a[i % size];
    entries.push_back(!a ? Entry::Zero : isNumber(a, 1) ? Entry::One : Entry::Any);
  }
  for (bool changed = true; changed;) {
    changed = false;
    for (unsigned i = 0; i < size * size; ++i) {
      unsigned ones = 0;
      bool any = false;
      for (unsigned k = 0; k < size; ++k) {
        Entry x = entries[i / size * size + k], y = entries[k * size + i % size];
        bool zero = x == Entry::Zero || y == Entry::Zero;
        any |= !zero && (x == Entry::Any || y == Entry::Any);
        ones += x == Entry::One && y == Entry::One;
      }
      Entry product = any || ones > 1 ? Entry::Any : ones ? Entry::One : Entry::Zero;
      if (entries[i] != Entry::Any && product != entries[i]) {
        entries[i] = Entry::Any;
        changed = true;
      }
    }
  }
}

void AffineBlock::place() {
  components = size;
  component.assign(size * size, -1);
  if (size == 2 && llvm::all_of(entries, [](Entry e) { return e == Entry::Any; })) {
    const Expr *b = rows[0].a[1], *c = rows[1].a[0];
    rotates = rows[0].a[0] == rows[1].a[1] && rows[0].a[0] && b && c && pool.neg(b) == c;
    rotates |= rows[0].a[0] == rows[1].a[1] && rows[0].a[0] && b && c && pool.neg(c) == b;
  }
  for (unsigned i = 0; i < size * size; ++i)
    if (entries[i] == Entry::Any && !(rotates && i % 2 == 1))
      component[i] = components++;
  if (!rotates)
    return;
  // Entries 0 (a) and 2 (b) have components, set them by hand: [[a, -b], [b, a]].
  component = {2, -1, 3, -1};
  components = 4;
}

const Expr *AffineBlock::entry(ArrayRef<const Expr *> tuple, unsigned i, unsigned j) {
  if (rotates)
    return i == j ? tuple[2] : i ? tuple[3] : pool.neg(tuple[3]);
  unsigned at = i * size + j;
  if (component[at] >= 0)
    return tuple[component[at]];
  return entries[at] == Entry::One ? pool.number(1, type) : nullptr;
}

Exprs AffineBlock::combine(ArrayRef<const Expr *> earlier, ArrayRef<const Expr *> later) {
  Exprs result(components, nullptr);
  for (unsigned i = 0; i < size; ++i) {
    const Expr *sum = nullptr;
    for (unsigned j = 0; j < size; ++j)
      sum = plus(sum, product(entry(later, i, j), earlier[j]));
    result[i] = plus(sum, later[i]);
    for (unsigned j = 0; j < size; ++j) {
      int at = component[i * size + j];
      if (at < 0)
        continue;
      const Expr *total = nullptr;
      for (unsigned k = 0; k < size; ++k)
        total = plus(total, product(entry(later, i, k), entry(earlier, k, j)));
      result[at] = total ? total : pool.number(0, type);
    }
  }
  return result;
}

/// h' = a h: the state itself is the product.
static GroupForm runningProduct(ExprPool &pool, const Expr *a) {
  return {"running product", {a}, {}, -1, [&pool](auto earlier, auto later) {
            return Exprs{pool.mul(later[0], earlier[0])};
          }};
}

static GroupForm blockForm(ExprPool &pool, SmallVector<Affine> rows, Type type) {
  auto block = std::make_shared<AffineBlock>(pool, rows, type);
  block->close();
  block->place();
  GroupForm form;
  form.lifted.assign(block->components, nullptr);
  form.initial.assign(block->components - block->size, 0);
  for (unsigned i = 0; i < block->size; ++i) {
    form.lifted[i] = rows[i].u ? rows[i].u : pool.number(0, type);
    for (unsigned j = 0; j < block->size; ++j)
      if (int at = block->component[i * block->size + j]; at >= 0) {
        form.lifted[at] = rows[i].a[j] ? rows[i].a[j] : pool.number(0, type);
        form.initial[at - block->size] = i == j;
      }
  }
  form.block = block->size;
  std::string size = std::to_string(block->size);
  form.name = block->size > 1
                  ? (block->rotates ? "affine complex" : "affine " + size + "x" + size + " block")
              : block->entries[0] == Entry::One ? "running sum"
                                                : "affine elementwise";
  form.combine = [block](auto earlier, auto later) { return block->combine(earlier, later); };
  return form;
}

std::optional<GroupForm> seqc::proveAffine(ExprPool &pool, const StateGroup &group,
                                           const Expr *&breaker) {
  if (group.states.size() > 4)
    return std::nullopt;
  Extraction extraction(pool, group.states);
  SmallVector<Affine> rows;
  for (const Expr *next : group.next) {
    std::optional<Affine> row = extraction.of(next);
    if (!row) {
      breaker = extraction.breaker;
      return std::nullopt;
    }
    rows.push_back(*row);
  }
  // One flag for the block: that of every row that reads a state.
  const Expr *flag = nullptr;
  bool one = true, first = true;
  for (const Affine &row : rows)
    if (row.reads()) {
      one &= first || row.flag == flag;
      flag = row.flag;
      first = false;
    }
  Type type = group.next[0]->type;
  Exprs restart;
  for (Affine &row : rows) {
    if (!one)
      row = extraction.folded(row);
    const Expr *u = row.u ? row.u : pool.number(0, type);
    restart.push_back(row.restart ? row.restart : u);
  }
  bool isProduct = rows.size() == 1 && !rows[0].u && rows[0].a[0] && !isNumber(rows[0].a[0], 1);
  GroupForm form = isProduct ? runningProduct(pool, rows[0].a[0]) : blockForm(pool, rows, type);
  if (one && flag)
    return withFlag(pool, std::move(form), flag, restart, /*before=*/false);
  return form;
}
