//! A caller, a call and a clock to ask with.

use toolgate_engine::approval::{
    Answer, ApprovalId, Asked, Bond, Decided, Keys, Notice, Place, Places, Standing, ask, decide,
};
use toolgate_engine::limit::{HashKey, MemoryStore};

pub(crate) const SECOND: u64 = 1_000_000_000;
/// 2026-01-05T10:00:00Z.
pub(crate) const START: u64 = 1_767_607_200 * SECOND;

pub(crate) fn places() -> Places {
    Places::new(HashKey([7; 16]))
}

pub(crate) fn keys(current: u8, former: Option<u8>) -> Keys {
    Keys::new(&[current; 32], former.map(|byte| [byte; 32]).as_ref())
}

/// The facts of a call, each of which a bond depends on.
#[derive(Clone, Copy)]
pub(crate) struct Fact {
    pub(crate) caller: &'static str,
    pub(crate) server: &'static str,
    pub(crate) tool: &'static str,
    pub(crate) arguments: u8,
    pub(crate) policy: u8,
}

pub(crate) const CALL: Fact = Fact {
    caller: "alice",
    server: "shop",
    tool: "create_refund",
    arguments: 1,
    policy: 1,
};

impl Fact {
    pub(crate) fn bond(&self) -> Bond {
        Bond::of(
            &[b"grant", self.caller.as_bytes()],
            self.server,
            self.tool,
            &[self.arguments; 32],
            &[self.policy; 32],
        )
    }

    pub(crate) fn place(&self) -> Place {
        places().configured("grant", self.caller)
    }

    pub(crate) fn asked<'k>(&self, keys: &'k Keys, now: u64) -> Asked<'k> {
        Asked {
            keys,
            place: self.place(),
            bond: self.bond(),
            now,
            timeout: 1_800,
            most: 8,
        }
    }
}

pub(crate) const NOTICE: Notice<'static> = Notice {
    caller: "alice",
    server: "shop",
    tool: "create_refund",
    rule: "/tools/create_refund/approve_if/0",
    message: "Refunds need a person.",
    arguments: Some("{\"amount\":150}"),
    responses: None,
    of_user: false,
};

pub(crate) fn answer(store: &mut MemoryStore, asked: &Asked<'_>) -> Answer {
    ask(store, asked, &NOTICE).unwrap()
}

pub(crate) fn waits(store: &mut MemoryStore, asked: &Asked<'_>) -> Standing {
    match answer(store, asked) {
        Answer::Wait(standing) => standing,
        other => panic!("expected a request that waits, got {other:?}"),
    }
}

pub(crate) fn passes(store: &mut MemoryStore, asked: &Asked<'_>) -> bool {
    matches!(answer(store, asked), Answer::Pass { .. })
}

pub(crate) fn approve(store: &mut MemoryStore, keys: &Keys, id: ApprovalId, now: u64) {
    match decide(store, keys, id, true, "olga", now).unwrap() {
        Decided::Done(_) => {}
        other => panic!("expected the approval to be taken, got {other:?}"),
    }
}
