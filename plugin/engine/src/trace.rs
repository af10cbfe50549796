//! What watches a decision being made. The pipeline tells it of every step; `()` listens to
//! none, and costs nothing.

use crate::decide::{Call, Denial, Standing};
use crate::gate::NamedPolicy;
use crate::limit::Charge;
use crate::policy::condition::{Condition, Truth};
use crate::policy::path::Found;
use crate::policy::{Limit, Rule};
use crate::surroundings::Surroundings;

/// Told of the steps to the decision of one tool call, in order. Nothing that it does changes the
/// decision.
pub trait Trace {
    /// A call is decided under a policy.
    fn call(&mut self, named: &NamedPolicy, call: &Call<'_>) {
        let _ = (named, call);
    }

    /// What the tool's name led to.
    fn standing(&mut self, standing: &Standing<'_>) {
        let _ = standing;
    }

    /// A condition was asked of one value (of each, under `[*]`).
    fn value(&mut self, condition: &Condition, found: Found<'_>, truth: Truth) {
        let _ = (condition, found, truth);
    }

    /// A condition was answered, after all its values.
    fn condition(&mut self, condition: &Condition, truth: Truth) {
        let _ = (condition, truth);
    }

    /// A rule was asked, after all its conditions; `shadow` when its denial is only recorded.
    fn rule(&mut self, rule: &Rule, denial: Option<&Denial>, shadow: bool) {
        let _ = (rule, denial, shadow);
    }

    /// A limit is about to be charged; `around` shows how its counter stands.
    fn limit(
        &mut self,
        limit: &Limit,
        charge: &Charge,
        shadow: bool,
        around: &mut dyn Surroundings,
    ) {
        let _ = (limit, charge, shadow, around);
    }

    /// What a limit would be charged cannot be told.
    fn limit_unknown(&mut self, limit: &Limit, denial: &Denial, shadow: bool) {
        let _ = (limit, denial, shadow);
    }
}

impl Trace for () {}
