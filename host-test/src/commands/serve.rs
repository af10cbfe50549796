//! `host-test serve`: a local HTTP proxy that runs the module, for development.

mod exchange;
mod headers;
mod listener;
mod live;
mod policy;
mod pool;
mod remote;
mod target;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;

use super::document::Source;
use super::{Trouble, module, style};
use policy::Policy;
use pool::Pool;
use target::Upstream;

/// Serves MCP on a local address: decides each request in the module that Envoy runs, and forwards
/// what is allowed to an upstream.
///
/// Point an MCP client at it while you write a policy. Event streams flow as they come, counters
/// last for the run, each decision is a line on the terminal, and saving the policy puts it in
/// force at once (one with faults leaves the old one in force). This is for development: it has no
/// TLS, no limits on connections and one process. In production, Envoy runs the module.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Serve {
    #[command(flatten)]
    source: Source,
    /// The MCP server, such as http://127.0.0.1:3000/mcp
    #[arg(long, value_name = "URL")]
    upstream: Upstream,
    /// Where to listen; port 0 lets the system choose
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8787")]
    listen: SocketAddr,
    /// The upstream's name in counters, with --policy [default: the policy's folder]
    #[arg(long, value_name = "NAME", conflicts_with = "config")]
    server: Option<String>,
    /// The module to run [default: built from the workspace first]
    #[arg(long, value_name = "FILE")]
    module: Option<PathBuf>,
}

const EXAMPLES: &str = "\
Examples:
  host-test serve --policy policy.json --upstream http://127.0.0.1:3000/mcp
  host-test serve --config plugin.json --upstream http://localhost:3000 --listen 127.0.0.1:0

Exit codes: Ctrl-C ends it; 2 the policy has errors (printed as `host-test check` does), or the
command line, the address or the module is at fault.";

impl Serve {
    pub(super) fn run(self) -> Result<ExitCode, Trouble> {
        let policy = Policy::new(self.source, self.server);
        let document = policy.read();
        if document.is_refused() {
            return Ok(document.refuse());
        }
        let module = module::load(self.module.as_deref())?;
        let pool = Arc::new(Pool::start(&module, policy.config(&document))?);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            // One thread an exchange, for as long as it streams.
            .max_blocking_threads(1_024)
            .build()
            .map_err(|why| format!("cannot start: {why}"))?;
        let listener = runtime
            .block_on(tokio::net::TcpListener::bind(self.listen))
            .map_err(|why| format!("cannot listen on {} (--listen): {why}", self.listen))?;
        let at = listener
            .local_addr()
            .map_err(|why| format!("cannot listen on {}: {why}", self.listen))?;
        let (path, upstream) = (self.upstream.path(), &self.upstream);
        anstream::println!(
            "serving {} at {} -> {upstream}\n{}",
            document.path.display(),
            style::bold(&format!("http://{at}{path}")),
            style::dim(
                "for development only: in production, Envoy runs the module. Ctrl-C ends it"
            )
        );
        let for_reload = Arc::clone(&pool);
        std::thread::spawn(move || policy.reload_for_ever(&document.path, &for_reload));
        runtime.block_on(listener::serve(listener, pool, Arc::new(self.upstream)));
        Ok(ExitCode::SUCCESS)
    }
}
