//! What records say of a request: asked for, decided, used, refused, and by whom.

use serde_json::{Value, json};
use toolgate_engine::exchange::Exchange;

use super::calls::{AS_OLGA, calls, operators};
use super::support::SECOND;
use super::user::{POLICY, Sent, world};
use super::world::World;

/// The record's `approval`, its id taken out.
fn approval(exchange: &mut Exchange) -> (Value, Option<String>) {
    let record: Value = serde_json::from_str(exchange.take_record().unwrap()).unwrap();
    let mut approval = record["approval"].clone();
    let id = approval
        .as_object_mut()
        .and_then(|members| members.remove("id"));
    (approval, id.map(|id| id.as_str().unwrap().to_owned()))
}

fn decided(world: &mut World, id: &str, verb: &str) -> (Value, Option<String>) {
    let mut exchange = Exchange::new(operators());
    let path = format!("/approvals/{id}/{verb}");
    let pairs = [(":method", "POST"), (":path", path.as_str()), AS_OLGA];
    let headers = pairs
        .iter()
        .map(|(n, v)| (n.as_bytes(), v.as_bytes()))
        .collect();
    exchange.on_request_headers(&headers, true, world);
    approval(&mut exchange)
}

#[test]
fn every_step_of_a_request_is_recorded_with_who_made_it() {
    let gate = calls(POLICY);
    let mut world = world();
    let operator = Sent {
        capabilities: "{}",
        ..Sent::first()
    };
    let step = |sent: &Sent, world: &mut World| approval(&mut sent.go(&gate, world).1);

    let (said, first) = step(&operator, &mut world);
    assert_eq!(said, json!({"state": "requested"}));
    assert_eq!(
        step(&operator, &mut world),
        (json!({"state": "pending"}), first.clone())
    );
    let id = first.clone().unwrap();
    let approved = json!({"state": "approved", "by": "olga"});
    assert_eq!(
        decided(&mut world, &id, "approve"),
        (approved, first.clone())
    );
    let used = json!({"state": "used", "by": "olga"});
    assert_eq!(step(&operator, &mut world), (used, first));

    let (_, second) = step(&operator, &mut world);
    let id = second.clone().unwrap();
    let denied = json!({"state": "denied", "by": "olga"});
    assert_eq!(
        decided(&mut world, &id, "deny"),
        (denied.clone(), second.clone())
    );
    assert_eq!(step(&operator, &mut world), (denied, second.clone()));
    world.now += 700 * SECOND;
    let (said, third) = step(&operator, &mut world);
    assert_eq!(said, json!({"state": "requested", "expired": second}));
    assert_ne!(third, second);

    // The same of a user.
    let (said, asked) = step(&Sent::first(), &mut world);
    assert_eq!(said, json!({"state": "requested"}));
    let (_, state) = Sent::first().asked(&gate, &mut world);
    let yes = Sent::answering(&state, "accept");
    let used = json!({"state": "used", "by": "user"});
    assert_eq!(step(&yes, &mut world), (used, asked));
    assert_eq!(step(&yes, &mut world), (json!({"state": "refused"}), None));
    let (_, state) = Sent::first().asked(&gate, &mut world);
    let (said, _) = step(&Sent::answering(&state, "decline"), &mut world);
    assert_eq!(said, json!({"state": "denied", "by": "user"}));
}
