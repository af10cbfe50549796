//! The statuses of the ABI. 12 (Unimplemented) is not among them: the Rust SDK panics on it.

/// A status that a host function returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    Ok,
    NotFound,
    BadArgument,
    ParseFailure,
    InvalidMemoryAccess,
    Empty,
    CasMismatch,
    InternalFailure,
}

impl Status {
    pub(super) fn number(self) -> u32 {
        match self {
            Status::Ok => 0,
            Status::NotFound => 1,
            Status::BadArgument => 2,
            Status::ParseFailure => 4,
            Status::InvalidMemoryAccess => 6,
            Status::Empty => 7,
            Status::CasMismatch => 8,
            Status::InternalFailure => 10,
        }
    }
}

/// Why a host function did not do what it was asked.
pub(super) enum Refusal {
    /// The guest is told.
    Status(Status),
    /// The guest failed while it was called back, which ends its callback.
    Trap(wasmtime::Error),
}

impl From<Status> for Refusal {
    fn from(status: Status) -> Refusal {
        Refusal::Status(status)
    }
}
