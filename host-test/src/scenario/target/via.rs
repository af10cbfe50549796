//! A proxy that someone started: requests go to it over HTTP/1.1, and it reaches the scripted
//! server here.

mod clock;
mod listener;
mod records;
#[cfg(test)]
mod tests;

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::time::Duration;

use host_test::Request;

use super::{Seen, Target};
use crate::scenario::server::Scripted;
use crate::scenario::time::Seconds;
use crate::wire;
use clock::Clock;
use listener::Listener;
use records::Records;

/// How long a response may take.
const PATIENCE: Duration = Duration::from_secs(15);

/// Where the proxy is and how it is watched.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    /// The proxy's address.
    pub(crate) proxy: SocketAddr,
    /// The operators' listener of the same proxy.
    pub(crate) operators: Option<SocketAddr>,
    /// Where the scripted server listens; the proxy's upstream.
    pub(crate) upstream: SocketAddr,
    /// The file that the proxy appends decision records to.
    pub(crate) records: PathBuf,
    /// The file that sets the proxy's clock.
    pub(crate) clock_file: Option<PathBuf>,
}

/// A proxy, the scripted server behind it, its records and its clock.
pub(crate) struct Via {
    proxy: SocketAddr,
    operators: Option<SocketAddr>,
    listener: Listener,
    records: Records,
    clock: Clock,
}

impl Via {
    /// Listens for the proxy and finds the end of its records.
    ///
    /// # Errors
    /// The address cannot be listened on, or the file cannot be read.
    pub(crate) fn start(options: &Options, server: Scripted) -> Result<Via, String> {
        let listener = TcpListener::bind(options.upstream).map_err(|why| {
            let address = options.upstream;
            format!("cannot listen on {address} (--upstream-listen): {why}")
        })?;
        Ok(Via {
            proxy: options.proxy,
            operators: options.operators,
            listener: Listener::start(listener, server)
                .map_err(|why| format!("cannot start the scripted server: {why}"))?,
            records: Records::open(&options.records)?,
            clock: Clock::new(options.clock_file.clone()),
        })
    }

    fn exchange(proxy: SocketAddr, request: &Request) -> Result<wire::Answer, String> {
        let out_of_reach = |why: std::io::Error| {
            format!("cannot reach the proxy at {proxy} (--via): {why}; is it running?")
        };
        let mut stream = TcpStream::connect_timeout(&proxy, PATIENCE).map_err(out_of_reach)?;
        stream
            .set_read_timeout(Some(PATIENCE))
            .map_err(out_of_reach)?;
        stream
            .set_write_timeout(Some(PATIENCE))
            .map_err(out_of_reach)?;
        let host = proxy.to_string();
        // A proxy may answer and close before it has read everything: what it answered counts.
        let sent = wire::write_request(&mut stream, request, &host);
        match (wire::read_response(&mut stream, &request.method), sent) {
            (Ok(answer), _) => Ok(answer),
            (Err(_), Err(why)) => Err(format!("the proxy did not take the request: {why}")),
            (Err(why), Ok(())) => Err(format!("no response from the proxy: {why}")),
        }
    }
}

impl Target for Via {
    fn set_clock(&mut self, to: Seconds) -> Result<(), String> {
        self.clock.set(to)
    }

    fn send(&mut self, request: &Request) -> Result<Seen, String> {
        self.listener.forget();
        let answer = Via::exchange(self.proxy, request)?;
        let record = self.records.next()?;
        Ok(Seen {
            response: Some(answer.response).filter(|_| answer.complete),
            upstream: self.listener.seen(),
            record,
            faults: Vec::new(),
            logs: Vec::new(),
        })
    }

    fn ask_operators(&mut self, request: &Request) -> Result<Seen, String> {
        let listener = self.operators.ok_or_else(|| {
            "say where the proxy's operators' listener is (--via-operators)".to_owned()
        })?;
        self.listener.forget();
        let answer = Via::exchange(listener, request)?;
        let mut seen = Seen {
            response: Some(answer.response).filter(|_| answer.complete),
            upstream: self.listener.seen(),
            ..Seen::default()
        };
        if !seen.upstream.is_empty() {
            seen.faults
                .push("what operators ask went to the upstream".to_owned());
        }
        Ok(seen)
    }

    fn exact_clock(&self) -> bool {
        self.clock.is_exact()
    }
}
