//! What of a decision record is the same whenever the same happens.

use serde_json::Value;

/// Members that are not the same twice: the proxy's name for the request, and the time below the
/// second, which a proxy's clock has.
const OF_THE_RUN: [&str; 3] = ["id", "trace", "time"];

/// Removes the rest, in the elements of a batch as well.
pub(crate) fn keep(record: &mut Value) {
    let Some(members) = record.as_object_mut() else {
        return;
    };
    members.retain(|name, _| !OF_THE_RUN.contains(&name.as_str()));
    if let Some(arguments) = members.get_mut("arguments").and_then(Value::as_object_mut) {
        // Its key may have been made at random.
        arguments.remove("digest");
    }
    let batch = members.get_mut("batch").and_then(Value::as_array_mut);
    batch.into_iter().flatten().for_each(keep);
}
