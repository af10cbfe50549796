//! A rate limit service for tests: `envoy.service.ratelimit.v3` on Limitador's library, asked as Limitador's server asks it.
//!
//!     limitador-service ADDRESS STORAGE DOMAIN COUNTER MAX SECONDS
//!
//! prints `listening on PORT`. STORAGE is a Redis URL or `memory`. It has one limit: MAX units in
//! SECONDS of each subject that the counter COUNTER counts for, in the words of `docs/fleet.md`.

#[path = "../../ratelimit/src/message.rs"]
#[allow(dead_code, reason = "it answers less than the other service does")]
mod message;

use std::collections::HashMap;

use limitador::limit::{Context, Limit, Namespace};
use limitador::storage::redis::AsyncRedisStorage;
use limitador::{AsyncRateLimiter, RateLimiter};
use message::{Code, RateLimitRequest, RateLimitResponse};
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status};

mod skeleton {
    include!(concat!(
        env!("OUT_DIR"),
        "/envoy.service.ratelimit.v3.RateLimitService.rs"
    ));
}

use skeleton::rate_limit_service_server::{RateLimitService, RateLimitServiceServer};

enum Limiter {
    Memory(RateLimiter),
    Redis(AsyncRateLimiter),
}

struct Service(Limiter);

#[tonic::async_trait]
impl RateLimitService for Service {
    async fn should_rate_limit(
        &self,
        request: Request<RateLimitRequest>,
    ) -> Result<Response<RateLimitResponse>, Status> {
        let request = request.into_inner();
        let descriptors = request.descriptors.iter().map(|descriptor| {
            let entries = descriptor.entries.iter();
            entries
                .map(|entry| (entry.key.clone(), entry.value.clone()))
                .collect::<HashMap<_, _>>()
        });
        let units = u64::from(request.hits_addend.max(1));
        let namespace = Namespace::from(request.domain);
        let mut context = Context::default();
        context.list_binding("descriptors".to_owned(), descriptors.collect());
        let checked = match &self.0 {
            Limiter::Memory(limiter) => {
                limiter.check_rate_limited_and_update(&namespace, &context, units)
            }
            Limiter::Redis(limiter) => {
                limiter
                    .check_rate_limited_and_update(&namespace, &context, units)
                    .await
            }
        };
        let checked = checked.map_err(|error| Status::unavailable(error.to_string()))?;
        let code = if checked.limited {
            Code::OverLimit
        } else {
            Code::Ok
        };
        Ok(Response::new(RateLimitResponse {
            overall_code: code.into(),
            statuses: Vec::new(),
        }))
    }
}

fn limit(
    domain: &str,
    counter: &str,
    max: u64,
    seconds: u64,
) -> Result<Limit, Box<dyn std::error::Error>> {
    let condition = format!("descriptors[0]['limit'] == '{counter}'");
    let subject = "descriptors[0]['subject']";
    let conditions = [condition.as_str().try_into()?];
    Ok(Limit::new(
        domain,
        max,
        seconds,
        conditions,
        [subject.try_into()?],
    ))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [address, storage, domain, counter, max, seconds] = arguments.as_slice() else {
        return Err("expected six arguments: ADDRESS STORAGE DOMAIN COUNTER MAX SECONDS".into());
    };
    let limit = limit(domain, counter, max.parse()?, seconds.parse()?)?;
    let limiter = if storage == "memory" {
        let limiter = RateLimiter::new(10_000);
        limiter.add_limit(limit);
        Limiter::Memory(limiter)
    } else {
        let storage = AsyncRedisStorage::new(storage).await?;
        let limiter = AsyncRateLimiter::new_with_storage(Box::new(storage));
        limiter.add_limit(limit);
        Limiter::Redis(limiter)
    };
    let listener = tokio::net::TcpListener::bind(address).await?;
    println!("listening on {}", listener.local_addr()?.port());
    Server::builder()
        .add_service(RateLimitServiceServer::new(Service(limiter)))
        .serve_with_incoming(TcpIncoming::from(listener).with_nodelay(Some(true)))
        .await?;
    Ok(())
}
