//! A rate limit service for tests: `envoy.service.ratelimit.v3` over Redis.
//!
//!     ratelimit-service ADDRESS REDIS_URL DOMAIN
//!
//! prints `listening on PORT`. It applies the limits that come with requests of its domain, counts
//! in calendar windows of its own clock, and, like `envoyproxy/ratelimit`, answers OK to what it has
//! no limit for.

mod counter;
mod message;

use std::time::{SystemTime, UNIX_EPOCH};

use counter::{Counter, Key};
use message::{Code, Duration, RateLimitRequest, RateLimitResponse, Status, Unit};
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response};

mod skeleton {
    include!(concat!(
        env!("OUT_DIR"),
        "/envoy.service.ratelimit.v3.RateLimitService.rs"
    ));
}

use skeleton::rate_limit_service_server::{RateLimitService, RateLimitServiceServer};

struct Service {
    counter: Counter,
    domain: String,
}

#[tonic::async_trait]
impl RateLimitService for Service {
    async fn should_rate_limit(
        &self,
        request: Request<RateLimitRequest>,
    ) -> Result<Response<RateLimitResponse>, tonic::Status> {
        let request = request.into_inner();
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let now = now.map_or(0, |since| since.as_secs());
        // A count for each descriptor that has a limit here.
        let keys: Vec<Option<(Key, u64)>> = request
            .descriptors
            .iter()
            .map(|descriptor| {
                let limit = descriptor.limit.filter(|_| request.domain == self.domain)?;
                let seconds = Unit::try_from(limit.unit).ok()?.seconds()?;
                let start = now / seconds * seconds;
                let entries = descriptor.entries.iter();
                let entries: Vec<String> = entries
                    .map(|entry| format!("{}_{}", entry.key, entry.value))
                    .collect();
                let name = format!("{}_{}_{start}", request.domain, entries.join("_"));
                let key = Key {
                    name,
                    lives: seconds,
                };
                Some((key, start + seconds - now))
            })
            .collect();
        let (asked, resets): (Vec<Key>, Vec<u64>) = keys_of(&keys).unzip();
        let sums = if asked.is_empty() {
            Vec::new()
        } else {
            let units = request.hits_addend.max(1);
            let sums = self.counter.add(&asked, units).await;
            sums.map_err(tonic::Status::unavailable)?
        };
        let mut counted = sums.into_iter().zip(resets);
        let mut overall = Code::Ok;
        let statuses = request.descriptors.iter().zip(&keys).map(|(descriptor, key)| {
            let mut status = Status {
                code: Code::Ok.into(),
                ..Status::default()
            };
            if key.is_none() {
                return status;
            }
            let (sum, reset) = counted.next().unwrap_or_default();
            let max = descriptor.limit.map_or(0, |limit| limit.requests_per_unit);
            if sum > u64::from(max) {
                status.code = Code::OverLimit.into();
                overall = Code::OverLimit;
            }
            status.current_limit = descriptor.limit;
            status.limit_remaining = max.saturating_sub(u32::try_from(sum).unwrap_or(u32::MAX));
            status.duration_until_reset = Some(Duration {
                seconds: i64::try_from(reset).unwrap_or(i64::MAX),
                nanos: 0,
            });
            status
        });
        let statuses = statuses.collect();
        Ok(Response::new(RateLimitResponse {
            overall_code: overall.into(),
            statuses,
        }))
    }
}

fn keys_of(keys: &[Option<(Key, u64)>]) -> impl Iterator<Item = (Key, u64)> + '_ {
    keys.iter().flatten().map(|(key, reset)| {
        let name = key.name.clone();
        let lives = key.lives;
        (Key { name, lives }, *reset)
    })
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [address, redis, domain] = arguments.as_slice() else {
        return Err("expected three arguments: ADDRESS REDIS_URL DOMAIN".into());
    };
    let service = Service {
        counter: Counter::new(redis)?,
        domain: domain.clone(),
    };
    let listener = tokio::net::TcpListener::bind(address).await?;
    println!("listening on {}", listener.local_addr()?.port());
    Server::builder()
        .add_service(RateLimitServiceServer::new(service))
        .serve_with_incoming(TcpIncoming::from(listener).with_nodelay(Some(true)))
        .await?;
    Ok(())
}
