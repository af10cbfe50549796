//! What the service's answer means for a call.

use super::ask::Ask;
use super::rounds::Round;
use super::{GlobalLimits, Numbers};
use crate::ratelimit::{Code, MAX_RESPONSE_BYTES, Response, Status};

/// What came of one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Every count admits it.
    Pass,
    /// This one does not.
    Over {
        /// The first that is over.
        ask: Box<Ask>,
        /// Units that remain.
        remaining: u64,
        /// Whole seconds until its window ends, where the service says.
        reset_seconds: Option<u64>,
    },
    /// The service did not say.
    Failed {
        /// The first that was asked for.
        ask: Box<Ask>,
        /// Why.
        why: Failed,
    },
}

/// Why an answer decides nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failed {
    /// There is none: the call failed, or took too long. The gRPC status, where there is one.
    NoAnswer(Option<u32>),
    /// It cannot be read, or says neither yes nor no.
    Unclear,
    /// The service applied no limit, or another one than it was given.
    NotApplied,
}

impl Failed {
    /// In words, for a log.
    pub fn why(self) -> String {
        match self {
            Self::NoAnswer(None) => "the proxy could not send the request".to_owned(),
            Self::NoAnswer(Some(status)) => {
                format!("no answer, or none in time (gRPC status {status})")
            }
            Self::Unclear => "its answer cannot be read".to_owned(),
            Self::NotApplied => {
                "it did not say that it applied the limits: does it know the domain, and limits that come with a request?"
                    .to_owned()
            }
        }
    }
}

/// Which count of a round is over, and what the service says of it.
type Over = (usize, Status);

impl Round {
    /// Reads the answer to this round: its bytes, or the gRPC status it failed with.
    pub fn outcome(self, answer: Result<&[u8], Option<u32>>, settings: &GlobalLimits) -> Outcome {
        let weighed = self.weigh(answer, settings);
        let at = match &weighed {
            Ok(Some((at, _))) => *at,
            Ok(None) | Err(_) => 0,
        };
        // There is always a first.
        let Some(ask) = self.asks.into_iter().nth(at).map(Box::new) else {
            return Outcome::Pass;
        };
        match weighed {
            Ok(None) => Outcome::Pass,
            Ok(Some((_, status))) => Outcome::Over {
                ask,
                remaining: u64::from(status.remaining),
                reset_seconds: status.reset_seconds,
            },
            Err(why) => Outcome::Failed { ask, why },
        }
    }

    fn weigh(
        &self,
        answer: Result<&[u8], Option<u32>>,
        settings: &GlobalLimits,
    ) -> Result<Option<Over>, Failed> {
        let bytes = answer.map_err(Failed::NoAnswer)?;
        let readable = Some(bytes).filter(|bytes| bytes.len() <= MAX_RESPONSE_BYTES);
        let response = readable.and_then(Response::read).ok_or(Failed::Unclear)?;
        let mut statuses = response.statuses.iter().enumerate();
        let over = statuses.find(|(_, status)| status.code == Code::OverLimit);
        // One that is over is enough, whatever the whole says: a service may run in shadow. One
        // that was not asked for still refuses.
        match over {
            Some((at, status)) if at < self.asks.len() => return Ok(Some((at, *status))),
            Some((_, status)) => return Ok(Some((0, *status))),
            None if response.code == Code::OverLimit => return Ok(Some((0, Status::default()))),
            None if response.code != Code::Ok => return Err(Failed::Unclear),
            None => {}
        }
        if settings.numbers == Numbers::Policy && !self.was_applied(&response.statuses) {
            return Err(Failed::NotApplied);
        }
        Ok(None)
    }

    /// Whether the service names, for each count, the limit that it was given.
    fn was_applied(&self, statuses: &[Status]) -> bool {
        let given = |(ask, status): (&Ask, &Status)| match (ask.over(), status.limit) {
            (Some(given), Some(applied)) => {
                applied.requests == u64::from(given.requests)
                    && applied.unit == given.unit.number()
                    && status.code == Code::Ok
            }
            _ => false,
        };
        statuses.len() == self.asks.len() && self.asks.iter().zip(statuses).all(given)
    }
}
