//! Access to the guest's memory, every address checked.

use super::super::exchange::Problem;
use super::status::{Refusal, Status};
use super::{Call, Outcome};

fn range(address: u32, size: u32) -> Result<std::ops::Range<usize>, Refusal> {
    let start = usize::try_from(address).map_err(|_| Status::InvalidMemoryAccess)?;
    let size = usize::try_from(size).map_err(|_| Status::InvalidMemoryAccess)?;
    let end = start.checked_add(size).ok_or(Status::InvalidMemoryAccess)?;
    Ok(start..end)
}

/// Counts bytes before they are copied, so that what is too much is never held.
fn charge(call: &mut Call<'_>, size: u32) -> Outcome {
    super::charge_bytes(call, u64::from(size)).map_err(Refusal::Trap)
}

/// Copies bytes out of the guest.
pub(super) fn read(call: &mut Call<'_>, address: u32, size: u32) -> Result<Vec<u8>, Refusal> {
    let memory = call.data().memory.ok_or(Status::InvalidMemoryAccess)?;
    let range = range(address, size)?;
    if memory.data_size(&*call) < range.end {
        return Err(Status::InvalidMemoryAccess.into());
    }
    charge(call, size)?;
    let bytes = memory.data(&*call).get(range);
    Ok(bytes.ok_or(Status::InvalidMemoryAccess)?.to_vec())
}

/// Copies text out of the guest; what is not UTF-8 is replaced.
pub(super) fn read_text(call: &mut Call<'_>, address: u32, size: u32) -> Result<String, Refusal> {
    Ok(String::from_utf8_lossy(&read(call, address, size)?).into_owned())
}

/// Copies bytes into the guest.
pub(super) fn write(call: &mut Call<'_>, address: u32, bytes: &[u8]) -> Outcome {
    let memory = call.data().memory.ok_or(Status::InvalidMemoryAccess)?;
    let size = u32::try_from(bytes.len()).map_err(|_| Status::InvalidMemoryAccess)?;
    memory
        .data_mut(&mut *call)
        .get_mut(range(address, size)?)
        .ok_or(Status::InvalidMemoryAccess)?
        .copy_from_slice(bytes);
    charge(call, size)
}

pub(super) fn write_u32(call: &mut Call<'_>, address: u32, value: u32) -> Outcome {
    write(call, address, &value.to_le_bytes())
}

pub(super) fn write_u64(call: &mut Call<'_>, address: u32, value: u64) -> Outcome {
    write(call, address, &value.to_le_bytes())
}

/// Gives bytes to the guest in memory that its own allocator provides, and writes their address
/// and size to where it asked. No bytes need no memory: address 0, size 0.
pub(super) fn give(call: &mut Call<'_>, bytes: &[u8], address_at: u32, size_at: u32) -> Outcome {
    let size = u32::try_from(bytes.len()).map_err(|_| Status::InvalidMemoryAccess)?;
    let address = if size == 0 { 0 } else { allocate(call, size)? };
    if size > 0 && write(call, address, bytes).is_err() {
        call.data_mut()
            .tally
            .problems
            .push(Problem::Allocator { size, address });
        return Err(Status::InvalidMemoryAccess.into());
    }
    write_u32(call, address_at, address)?;
    write_u32(call, size_at, size)
}

fn allocate(call: &mut Call<'_>, size: u32) -> Result<u32, Refusal> {
    let allocate = call
        .data()
        .allocate
        .clone()
        .ok_or(Status::InternalFailure)?;
    let address = allocate.call(&mut *call, size).map_err(Refusal::Trap)?;
    if address == 0 {
        call.data_mut()
            .tally
            .problems
            .push(Problem::Allocator { size, address });
        return Err(Status::InvalidMemoryAccess.into());
    }
    Ok(address)
}
