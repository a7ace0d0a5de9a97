// Accesses, fences and intrinsics of a kernel as calls of the emulator.
#include "EmulateKernel.h"

#include "llvm/Analysis/ValueTracking.h"
#include "llvm/IR/IntrinsicsNVPTX.h"

using namespace llvm;
using namespace seqc;

/// The bit of a scope: that of the block, or the device.
Expected<unsigned> KernelEmulation::scopeOf(SyncScope::ID id) {
  SmallVector<StringRef> names;
  context.getSyncScopeNames(names);
  StringRef name = id < names.size() ? names[id] : "?";
  if (name.empty() || name == "device")
    return 0u;
  if (name == "block")
    return unsigned(OfBlock);
  return unknown("the scope '" + name + "'");
}

static unsigned orderOf(AtomicOrdering ordering) {
  return (isAcquireOrStronger(ordering) ? Acquires : 0) |
         (isReleaseOrStronger(ordering) ? Releases : 0);
}

static StringRef orderName(unsigned kind) {
  switch (kind & (Acquires | Releases)) {
  case Acquires:
    return " (acquire)";
  case Releases:
    return " (release)";
  case Acquires | Releases:
    return " (acquire and release)";
  default:
    return " (relaxed)";
  }
}

/// Where an access of site `where` may take place.
Value *KernelEmulation::checked(IRBuilder<> &b, Value *pointer, Constant *where) {
  Type *generic = b.getPtrTy();
  return b.CreateCall(callee("seqc_emu_access", generic, {generic, generic}),
                      {b.CreateAddrSpaceCast(pointer, generic), where});
}

/// A check before an access, which takes place where the check says.
Error KernelEmulation::check(Instruction &access) {
  unsigned kind = 0, place = 0;
  StringRef name;
  Type *type = nullptr;
  Align align;
  SyncScope::ID scope = SyncScope::System;
  auto *exchange = dyn_cast<AtomicCmpXchgInst>(&access);
  if (auto *load = dyn_cast<LoadInst>(&access)) {
    kind = Reads | orderOf(load->getOrdering());
    kind |= load->isAtomic() || load->isVolatile() ? Atomic : 0;
    scope = load->getSyncScopeID();
    name = "load";
    type = load->getType();
    align = load->getAlign();
  } else if (auto *store = dyn_cast<StoreInst>(&access)) {
    kind = Writes | orderOf(store->getOrdering());
    kind |= store->isAtomic() || store->isVolatile() ? Atomic : 0;
    scope = store->getSyncScopeID();
    place = store->getPointerOperandIndex();
    name = "store";
    type = store->getValueOperand()->getType();
    align = store->getAlign();
  } else if (auto *change = dyn_cast<AtomicRMWInst>(&access)) {
    // LLVM prints no order and no scope of these.
    kind = Reads | Writes | Atomic;
    name = AtomicRMWInst::getOperationName(change->getOperation());
    type = change->getType();
    align = change->getAlign();
  } else {
    kind = Reads | Writes | Atomic | Exchange | orderOf(exchange->getSuccessOrdering());
    kind |= isAcquireOrStronger(exchange->getFailureOrdering()) ? FailedAcquires : 0;
    scope = exchange->getSyncScopeID();
    name = "compare-and-exchange";
    type = exchange->getCompareOperand()->getType();
    align = exchange->getAlign();
  }
  if (kind & Atomic) {
    Expected<unsigned> ofBlock = scopeOf(scope);
    if (!ofBlock)
      return ofBlock.takeError();
    kind |= *ofBlock;
    together = true;
  }
  IRBuilder<> b(&access);
  Type *generic = b.getPtrTy();
  Value *pointer = access.getOperand(place);
  std::string what;
  raw_string_ostream(what) << name << (kind & Atomic ? orderName(kind) : "") << " of " << *type;
  Constant *where = site(what, module.getDataLayout().getTypeStoreSize(type), align.value(), kind,
                         shared.lookup(getUnderlyingObject(pointer, /*MaxLookup=*/0)));
  Value *allowed = checked(b, pointer, where);
  access.setOperand(place, allowed);
  // What is true of a GPU's thread alone is not so here, where threads change at calls.
  access.dropUnknownNonDebugMetadata();
  if (exchange) {
    b.SetInsertPoint(access.getNextNode());
    Value *success = b.CreateZExt(b.CreateExtractValue(exchange, 1), b.getInt32Ty());
    b.CreateCall(callee("seqc_emu_exchanged", b.getVoidTy(), {generic, generic, b.getInt32Ty()}),
                 {allowed, where, success});
  }
  return Error::success();
}

Error KernelEmulation::replaceFence(FenceInst &fence) {
  Expected<unsigned> scope = scopeOf(fence.getSyncScopeID());
  if (!scope)
    return scope.takeError();
  IRBuilder<> b(&fence);
  b.CreateCall(callee("seqc_emu_fence", b.getVoidTy(), {b.getInt32Ty()}),
               {b.getInt32(orderOf(fence.getOrdering()) | *scope)});
  together = true;
  fence.eraseFromParent();
  return Error::success();
}

/// What `id` does with a warp, as a kind of lib/Runtime/GPU/Emulator.h.
static std::optional<Meeting> meetingOf(Intrinsic::ID id) {
  switch (id) {
  case Intrinsic::nvvm_bar_warp_sync:
    return Meeting{0};
#define SEQC_SHUFFLE(name, kind)                                                                   \
  case Intrinsic::nvvm_shfl_sync_##name##_i32:                                                     \
  case Intrinsic::nvvm_shfl_sync_##name##_f32:                                                     \
    return Meeting{kind};                                                                          \
  case Intrinsic::nvvm_shfl_sync_##name##_i32p:                                                    \
  case Intrinsic::nvvm_shfl_sync_##name##_f32p:                                                    \
    return Meeting{kind, /*hasSource=*/true}
    SEQC_SHUFFLE(up, 1);
    SEQC_SHUFFLE(down, 2);
    SEQC_SHUFFLE(bfly, 3);
    SEQC_SHUFFLE(idx, 4);
#undef SEQC_SHUFFLE
  case Intrinsic::nvvm_vote_all_sync:
    return Meeting{5};
  case Intrinsic::nvvm_vote_any_sync:
    return Meeting{6};
  case Intrinsic::nvvm_vote_uni_sync:
    return Meeting{7};
  case Intrinsic::nvvm_vote_ballot_sync:
    return Meeting{8};
#define SEQC_REDUCTION(name, kind)                                                                 \
  case Intrinsic::nvvm_redux_sync_##name:                                                          \
    return Meeting{kind, /*hasSource=*/false, /*maskLast=*/true}
    SEQC_REDUCTION(add, 9);
    SEQC_REDUCTION(min, 10);
    SEQC_REDUCTION(max, 11);
    SEQC_REDUCTION(umin, 12);
    SEQC_REDUCTION(umax, 13);
    SEQC_REDUCTION(and, 14);
    SEQC_REDUCTION(or, 15);
    SEQC_REDUCTION(xor, 16);
#undef SEQC_REDUCTION
  default:
    return std::nullopt;
  }
}

/// The value of `call`, which is a meeting.
Value *KernelEmulation::replaceMeeting(IRBuilder<> &b, IntrinsicInst &call, Meeting meeting) {
  together = true;
  Type *i32 = b.getInt32Ty();
  Constant *where = site(call.getCalledFunction()->getName().drop_front(strlen("llvm.nvvm.")), 0, 1,
                         meeting.kind, 0);
  SmallVector<Value *> operands(call.args());
  if (meeting.maskLast)
    std::swap(operands[0], operands[1]);
  operands.resize(4, b.getInt32(0));
  Type *given = operands[1]->getType();
  operands[1] = given->isFloatTy() ? b.CreateBitCast(operands[1], i32)
                                   : b.CreateZExtOrTrunc(operands[1], i32);
  operands.push_back(where);
  Value *got =
      b.CreateCall(callee("seqc_emu_meet", i32, {i32, i32, i32, i32, b.getPtrTy()}), operands);
  if (given->isFloatTy())
    got = b.CreateBitCast(got, given);
  if (call.getType()->isIntegerTy(1))
    return b.CreateTrunc(got, call.getType());
  if (!meeting.hasSource)
    return got;
  Value *source =
      b.CreateTrunc(b.CreateCall(callee("seqc_emu_had_source", i32, {})), b.getInt1Ty());
  Value *pair = b.CreateInsertValue(PoisonValue::get(call.getType()), got, 0);
  return b.CreateInsertValue(pair, source, 1);
}

/// Asynchronous copies; false: `call` is none.
bool KernelEmulation::replaceCopy(IntrinsicInst &call) {
  IRBuilder<> b(&call);
  Type *generic = b.getPtrTy();
  uint64_t bytes = 0;
  switch (call.getIntrinsicID()) {
  case Intrinsic::nvvm_cp_async_ca_shared_global_4:
    bytes = 4;
    break;
  case Intrinsic::nvvm_cp_async_ca_shared_global_8:
    bytes = 8;
    break;
  case Intrinsic::nvvm_cp_async_ca_shared_global_16:
  case Intrinsic::nvvm_cp_async_cg_shared_global_16:
    bytes = 16;
    break;
  case Intrinsic::nvvm_cp_async_commit_group:
    b.CreateCall(callee("seqc_emu_end_group", b.getVoidTy(), {}));
    return true;
  case Intrinsic::nvvm_cp_async_wait_group:
    b.CreateCall(callee("seqc_emu_wait_for_copies", b.getVoidTy(), {b.getInt32Ty()}),
                 {call.getArgOperand(0)});
    return true;
  case Intrinsic::nvvm_cp_async_wait_all:
    b.CreateCall(callee("seqc_emu_wait_for_copies", b.getVoidTy(), {b.getInt32Ty()}),
                 {b.getInt32(-1)});
    return true;
  default:
    return false;
  }
  together = true;
  Value *to = call.getArgOperand(0), *from = call.getArgOperand(1);
  Constant *load = site("load of a copy", bytes, bytes, Reads, 0);
  Constant *store = site("store of a copy", bytes, bytes, Writes,
                         shared.lookup(getUnderlyingObject(to, /*MaxLookup=*/0)));
  from = checked(b, from, load);
  b.CreateCall(callee("seqc_emu_copy", b.getVoidTy(), {generic, generic, generic, generic}),
               {checked(b, to, store), from, store, load});
  return true;
}

Error KernelEmulation::replaceIntrinsic(IntrinsicInst &call) {
  IRBuilder<> b(&call);
  Type *pointer = b.getPtrTy();
  Value *value = nullptr;
  Intrinsic::ID id = call.getIntrinsicID();
  auto here = [&](StringRef what) { return site(what, 0, 1, 0, 0); };
  auto fence = [&](unsigned kind) {
    together = true;
    b.CreateCall(callee("seqc_emu_fence", b.getVoidTy(), {b.getInt32Ty()}), {b.getInt32(kind)});
  };
  switch (id) {
  case Intrinsic::nvvm_read_ptx_sreg_ctaid_x:
    value = made->getArg(1);
    break;
  case Intrinsic::nvvm_read_ptx_sreg_tid_x:
    value = made->getArg(2);
    break;
  case Intrinsic::nvvm_read_ptx_sreg_ntid_x:
    value = b.getInt32(threads);
    break;
  case Intrinsic::nvvm_read_ptx_sreg_warpsize:
    value = b.getInt32(32);
    break;
  case Intrinsic::nvvm_read_ptx_sreg_laneid:
    value = b.CreateAnd(made->getArg(2), 31);
    break;
  case Intrinsic::nvvm_read_ptx_sreg_nctaid_x:
    value = b.CreateCall(callee("seqc_emu_blocks", b.getInt32Ty(), {}));
    break;
  case Intrinsic::nvvm_barrier_cta_sync_all:
  case Intrinsic::nvvm_barrier_cta_sync_aligned_all:
    if (auto *number = dyn_cast<ConstantInt>(call.getArgOperand(0)); !number || !number->isZero())
      return unknown("a barrier other than 0");
    b.CreateCall(callee("seqc_emu_barrier", b.getVoidTy(), {pointer}), {here("barrier")});
    together = true;
    break;
  case Intrinsic::nvvm_membar_cta:
    fence(Acquires | Releases | OfBlock);
    break;
  case Intrinsic::nvvm_membar_gl:
  case Intrinsic::nvvm_membar_sys:
    fence(Acquires | Releases);
    break;
  case Intrinsic::nvvm_nanosleep:
    b.CreateCall(callee("seqc_emu_pause", b.getVoidTy(), {pointer}), {here("pause")});
    together = true;
    break;
  default:
    if (std::optional<Meeting> meeting = meetingOf(id))
      value = replaceMeeting(b, call, *meeting);
    else if (!replaceCopy(call))
      return unknown("'" + call.getCalledFunction()->getName() + "'");
  }
  if (!call.getType()->isVoidTy())
    call.replaceAllUsesWith(value);
  call.eraseFromParent();
  return Error::success();
}
