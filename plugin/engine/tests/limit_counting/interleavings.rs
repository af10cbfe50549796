//! Three workers, two calls each, two limits: every interleaving of their gets and sets.

mod model;

use toolgate_engine::limit::{Algorithm, Charge};

use self::model::{Call, Checker, Defect, Report};
use crate::support::{SECOND, TEN, charge, costing, session, table};

fn limit(name: &str, max: u64) -> Charge {
    charge(name, max, 60, Algorithm::Fixed)
}

fn keep(charges: &[Charge], now: u64) -> Call {
    Call {
        charges: charges.to_vec(),
        now,
        refund: false,
    }
}

fn refund(charges: &[Charge], now: u64) -> Call {
    Call {
        refund: true,
        ..keep(charges, now)
    }
}

#[track_caller]
fn holds(plans: Vec<Vec<Call>>) -> Report {
    let report = Checker::new(plans, Defect::None).run().unwrap();
    eprintln!("{report:?}");
    report
}

#[test]
fn no_interleaving_admits_too_many_or_loses_a_unit() {
    let both = [limit("burst", 4), limit("daily", 3)];
    let report = holds(vec![vec![keep(&both, TEN), keep(&both, TEN)]; 3]);
    // The second limit is the tighter one, and the workers race for it to the end.
    assert!(report.states > 8_000, "{report:?}");
    assert_eq!(report.admitted, (3, 3));
}

#[test]
fn no_interleaving_loses_a_refund_or_gives_one_twice() {
    let both = [limit("burst", 2), costing(limit("spend", 5), 2)];
    let plan = vec![refund(&both, TEN), keep(&both, TEN)];
    let report = holds(vec![plan; 3]);
    assert_eq!(report.admitted.1, 2);
}

#[test]
fn no_interleaving_at_a_window_edge_refunds_into_the_next_window() {
    let both = [limit("burst", 2), limit("daily", 3)];
    let next = TEN + 60 * SECOND;
    holds(vec![
        vec![refund(&both, TEN), keep(&both, next)],
        vec![keep(&both, next), refund(&both, TEN)],
        vec![keep(&both, TEN), keep(&both, next)],
    ]);
}

#[test]
fn no_interleaving_of_a_sliding_and_a_fixed_limit_admits_too_many() {
    let both = [
        charge("sliding", 2, 60, Algorithm::Sliding),
        limit("fixed", 3),
    ];
    let later = TEN + 5 * SECOND;
    holds(vec![
        vec![refund(&both, TEN), keep(&both, later)],
        vec![keep(&both, later), refund(&both, later)],
        vec![keep(&both, later), keep(&both, TEN)],
    ]);
}

#[test]
fn no_interleaving_of_sessions_in_a_full_set_admits_too_many() {
    let table = table(1, 2);
    let call = |number| {
        [
            limit("everybody", 4),
            session(limit("each", 1), &table, number),
        ]
    };
    holds(vec![
        vec![refund(&call(1), TEN), keep(&call(2), TEN)],
        vec![keep(&call(2), TEN), keep(&call(3), TEN)],
        vec![keep(&call(3), TEN), keep(&call(1), TEN)],
    ]);
}

#[test]
fn no_interleaving_of_limits_in_opposite_orders_admits_too_many() {
    let (a, b) = (limit("a", 1), limit("b", 1));
    let report = holds(vec![
        vec![keep(&[a, b], TEN), keep(&[a, b], TEN)],
        vec![keep(&[b, a], TEN), keep(&[b, a], TEN)],
        vec![refund(&[a, b], TEN), keep(&[b, a], TEN)],
    ]);
    assert_eq!(report.admitted.1, 1);
}

#[test]
fn the_checker_sees_a_store_that_does_not_compare() {
    let both = [limit("burst", 3), limit("daily", 2)];
    let plans = vec![vec![keep(&both, TEN), keep(&both, TEN)]; 3];
    let error = Checker::new(plans, Defect::BlindSet).run().unwrap_err();
    assert!(
        error.contains("are held") || error.contains("admitted"),
        "{error}"
    );
}

#[test]
fn the_checker_sees_a_refund_that_is_lost() {
    let both = [limit("burst", 9), limit("daily", 9)];
    let plans = vec![vec![refund(&both, TEN)], vec![keep(&both, TEN)]];
    let error = Checker::new(plans, Defect::ForgottenRefund)
        .run()
        .unwrap_err();
    assert_eq!(error, "counter 0 ends at 2, admitted 1");
}
