//! The options of `host-test run` for a proxy that someone started.

use std::net::{SocketAddr, ToSocketAddrs};
use std::path::PathBuf;

use clap::Args;

use crate::commands::Trouble;
pub(super) use crate::scenario::target::via::Options;

#[derive(Debug, Args)]
#[command(next_help_heading = "Through a running proxy")]
pub(super) struct Proxy {
    /// Send requests through the proxy at this URL, which runs the scenario's policy
    #[arg(
        long,
        value_name = "URL",
        requires = "upstream_listen",
        requires = "records"
    )]
    via: Option<String>,
    /// The proxy's listener for operators, for scenarios with `operators`
    #[arg(long, value_name = "URL", requires = "via")]
    via_operators: Option<String>,
    /// Where to listen as the proxy's upstream
    #[arg(long, value_name = "ADDR", requires = "via")]
    upstream_listen: Option<String>,
    /// The file that the proxy appends one decision record a request to, soon (Envoy:
    /// --file-flush-interval-msec 50)
    #[arg(long, value_name = "FILE", requires = "via")]
    records: Option<PathBuf>,
    /// The file that sets the proxy's clock (as libfaketime reads it); without, steps of up to 90
    /// s are waited for
    #[arg(long, value_name = "FILE", requires = "via")]
    clock_file: Option<PathBuf>,
    /// Also run each request in the module here, and fail where the proxy differs
    #[arg(long, requires = "via", requires = "clock_file")]
    pub(super) parity: bool,
}

impl Proxy {
    /// The options, if there is a proxy.
    pub(super) fn options(&self) -> Result<Option<Options>, Trouble> {
        let (Some(via), Some(listen), Some(records)) =
            (&self.via, &self.upstream_listen, &self.records)
        else {
            return Ok(None);
        };
        let operators = self.via_operators.as_ref();
        let operators = operators.map(|url| address_of(url, "--via-operators"));
        Ok(Some(Options {
            proxy: address_of(via, "--via")?,
            operators: operators.transpose()?,
            upstream: resolve(listen, "--upstream-listen")?,
            records: records.clone(),
            clock_file: self.clock_file.clone(),
        }))
    }
}

fn address_of(url: &str, option: &str) -> Result<SocketAddr, Trouble> {
    let address = url
        .strip_prefix("http://")
        .map(|rest| rest.trim_end_matches('/'))
        .ok_or_else(|| format!("`{url}` is not like `http://127.0.0.1:10000` ({option})"))?;
    resolve(address, option)
}

fn resolve(address: &str, option: &str) -> Result<SocketAddr, Trouble> {
    let found = address
        .to_socket_addrs()
        .ok()
        .and_then(|mut all| all.next());
    found.ok_or_else(|| format!("`{address}` is not an address like `127.0.0.1:10000` ({option})"))
}
