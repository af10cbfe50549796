//! `host-test serve`: a local HTTP proxy that runs the module, for development.

mod capture;
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
use host_test::Process;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use super::document::{Document, Kind, Source};
use super::{Trouble, module, style};
use capture::Capture;
use exchange::Proxy;
use live::Count;
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
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8787", value_parser = address)]
    listen: SocketAddr,
    /// The configuration of the operators' listener, with `admin`: who may approve calls
    #[arg(long, value_name = "FILE")]
    operators: Option<PathBuf>,
    /// Where operators are listened to; port 0 lets the system choose
    #[arg(
        long,
        value_name = "ADDR",
        default_value = "127.0.0.1:8788",
        value_parser = address,
        requires = "operators"
    )]
    operators_listen: SocketAddr,
    /// Add each request to this file, a line each, as `host-test replay` reads it, without credentials
    #[arg(long, value_name = "FILE")]
    capture: Option<PathBuf>,
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
  host-test serve --policy policy.json --upstream http://localhost:3000 --capture calls.ndjson
  host-test serve --config plugin.json --operators operators.json --upstream http://localhost:3000

Exit codes: 0 Ctrl-C ended it; 2 the policy has errors (printed as `host-test check` does), or the
command line, the address or the module is at fault.";

impl Serve {
    pub(super) fn run(self) -> Result<ExitCode, Trouble> {
        let policy = Policy::new(self.source, self.server);
        let document = policy.read();
        if document.is_refused() {
            return Ok(document.refuse());
        }
        let operators = self.operators.as_deref();
        let operators = operators.map(|file| Document::read(file, Some(Kind::Config)));
        if let Some(operators) = operators
            .as_ref()
            .filter(|operators| operators.is_refused())
        {
            return Ok(operators.refuse());
        }
        let module = module::load(self.module.as_deref())?;
        let process = Process::on_system_clock();
        let config = policy.config(&document);
        let capture = self.capture.as_deref();
        let capture = capture
            .map(|file| Capture::open(file, &config))
            .transpose()?;
        let capture = capture.map(Arc::new);
        let pool = Arc::new(Pool::start(&module, config, &process)?);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            // One thread an exchange, for as long as it streams.
            .max_blocking_threads(1_024)
            .build()
            .map_err(|why| format!("cannot start: {why}"))?;
        let (listener, at) = bind(&runtime, self.listen, "--listen")?;
        let upstream = Arc::new(self.upstream);
        if let Some(operators) = operators {
            let config = operators.plugin_config(None).into_bytes();
            let pool = Arc::new(Pool::start(&module, config, &process)?);
            let (listener, at) = bind(&runtime, self.operators_listen, "--operators-listen")?;
            anstream::println!("operators at {}", style::bold(&format!("http://{at}")));
            let proxy = Proxy {
                pool,
                upstream: Arc::clone(&upstream),
                capture: None,
                count: Count::default(),
            };
            runtime.spawn(listener::serve(listener, Arc::new(proxy)));
        }
        let path = upstream.path();
        anstream::println!(
            "serving {} at {} -> {upstream}\n{}",
            document.path.display(),
            style::bold(&format!("http://{at}{path}")),
            style::dim(
                "for development only: in production, Envoy runs the module. Ctrl-C ends it"
            )
        );
        let (for_reload, captured) = (Arc::clone(&pool), capture.clone());
        std::thread::spawn(move || {
            policy.reload_for_ever(&document.path, &for_reload, captured.as_deref());
        });
        let proxy = Arc::new(Proxy {
            pool,
            upstream,
            capture,
            count: Count::default(),
        });
        runtime.block_on(async {
            tokio::select! {
                () = listener::serve(listener, Arc::clone(&proxy)) => {}
                () = asked_to_end() => {}
            }
        });
        proxy.count.say_end();
        // Streams that still flow end with the process.
        runtime.shutdown_background();
        Ok(ExitCode::SUCCESS)
    }
}

/// Waits for Ctrl-C; where that cannot be noticed, for ever: the system then ends the process.
async fn asked_to_end() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// Reads where to listen.
fn address(text: &str) -> Result<SocketAddr, String> {
    let wrong = |_| "write an IP address and a port, such as 127.0.0.1:8787".to_owned();
    text.parse().map_err(wrong)
}

/// Listens, and says where.
fn bind(
    runtime: &Runtime,
    address: SocketAddr,
    option: &str,
) -> Result<(TcpListener, SocketAddr), Trouble> {
    let wrong = |why: std::io::Error| {
        let instead = match why.kind() {
            std::io::ErrorKind::AddrInUse => {
                "; another program listens there, port 0 lets the system choose"
            }
            _ => "",
        };
        format!("cannot listen on {address} ({option}): {why}{instead}")
    };
    let listener = runtime
        .block_on(TcpListener::bind(address))
        .map_err(wrong)?;
    let at = listener.local_addr().map_err(wrong)?;
    Ok((listener, at))
}
