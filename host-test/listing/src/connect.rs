//! Connects to a server and begins to speak with it.

use std::collections::HashMap;
use std::time::Duration;

use process_wrap::tokio::{CommandWrap, KillOnDrop, ProcessGroup};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::redirect::{Attempt, Policy};
use rmcp::RoleClient;
use rmcp::model::{ClientConfig, Implementation, ProtocolVersion};
use rmcp::service::{ClientInitializeError, ClientLifecycleMode, ClientServiceExt, RunningService};
use rmcp::transport::streamable_http_client::{
    StreamableHttpClientTransportConfig, StreamableHttpError,
};
use rmcp::transport::{IntoTransport, StreamableHttpClientTransport, TokioChildProcess};

use crate::stderr::LastWords;
use crate::{Bounds, Era, ListError, Upstream};

/// How long a program may take to end before what it said is given up on.
const ENDING: Duration = Duration::from_secs(5);

/// How often a redirect on the same host is followed.
const REDIRECTS: usize = 5;

/// A server that is spoken with.
pub(crate) struct Session {
    pub(crate) service: RunningService<RoleClient, ClientConfig>,
    words: Option<LastWords>,
}

impl Session {
    /// Ends it, and the program with it; and what the program said last.
    pub(crate) async fn end(self) -> (Result<(), ListError>, String) {
        let ended = self.service.cancel().await;
        let ended = ended.map_err(|why| ListError::new(format!("the session did not end: {why}")));
        let said = match self.words {
            Some(words) => words.heard(ENDING).await,
            None => String::new(),
        };
        (ended.map(|_| ()), said)
    }
}

pub(crate) async fn to(
    upstream: &Upstream,
    era: Era,
    bounds: &Bounds,
) -> Result<Session, ListError> {
    match upstream {
        Upstream::Http { url, headers } => {
            let transport = http(url, headers)?;
            begin(transport, None, era, bounds).await
        }
        Upstream::Command(words) => {
            let (transport, said) = command(words)?;
            begin(transport, said, era, bounds).await
        }
    }
}

async fn begin<T, E, A>(
    transport: T,
    words: Option<LastWords>,
    era: Era,
    bounds: &Bounds,
) -> Result<Session, ListError>
where
    T: IntoTransport<RoleClient, E, A>,
    E: std::error::Error + Send + Sync + 'static,
{
    let mut who = ClientConfig::default();
    who.client_info = Implementation::new("toolgate-scan", env!("CARGO_PKG_VERSION"));
    let mode = match era {
        Era::Handshake => ClientLifecycleMode::Initialize,
        Era::Stateless => ClientLifecycleMode::Discover {
            preferred_versions: vec![ProtocolVersion::LATEST],
        },
        Era::Auto => ClientLifecycleMode::Auto {
            preferred_versions: vec![ProtocolVersion::LATEST],
            legacy_version: None,
        },
    };
    let begun =
        tokio::time::timeout(bounds.connect, who.serve_with_lifecycle(transport, mode)).await;
    let why = match begun {
        Ok(Ok(service)) => return Ok(Session { service, words }),
        Ok(Err(why)) => format!("no MCP session: {}", told(&why)),
        Err(_) => format!("no MCP session within {} s", bounds.connect.as_secs()),
    };
    let said = match words {
        Some(words) => words.heard(ENDING).await,
        None => String::new(),
    };
    Err(ListError::new(why).with_said(said))
}

/// What the SDK says, without the names of its types; and of a server that cannot be reached the
/// reason, which the SDK leaves out.
fn told(why: &ClientInitializeError) -> String {
    let error = match why {
        ClientInitializeError::TransportError { error, .. } => error,
        ClientInitializeError::LegacyFallbackFailed { discover, fallback } => {
            let (discover, fallback) = (told(discover), told(fallback));
            return format!("{discover}; and with `initialize`, {fallback}");
        }
        _ => return why.to_string(),
    };
    match error.error.downcast_ref() {
        Some(StreamableHttpError::<reqwest::Error>::Client(why)) => {
            let mut root: &dyn std::error::Error = why;
            while let Some(source) = root.source() {
                root = source;
            }
            let url = why.url().map_or("the server", reqwest::Url::as_str);
            format!("cannot reach {url}: {root}; is it running?")
        }
        Some(StreamableHttpError::HttpStatus(why)) => {
            format!(
                "{why}; is the URL the server's MCP endpoint, such as http://127.0.0.1:3000/mcp?"
            )
        }
        _ => error.error.to_string(),
    }
}

fn http(
    url: &str,
    headers: &[(String, Vec<u8>)],
) -> Result<StreamableHttpClientTransport<reqwest::Client>, ListError> {
    let bad = |what: &str, why: &dyn std::fmt::Display| ListError::new(format!("{what}: {why}"));
    // An error says that another part of the program has chosen a provider before, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let parsed =
        reqwest::Url::parse(url).map_err(|why| bad(&format!("`{url}` is not a URL"), &why))?;
    if !matches!(parsed.scheme(), "http" | "https") {
        return Err(ListError::new(format!(
            "`{url}` is neither http:// nor https://: write a URL such as http://127.0.0.1:3000/mcp"
        )));
    }
    let mut given = HeaderMap::new();
    for (name, value) in headers {
        let key = HeaderName::from_bytes(name.as_bytes())
            .map_err(|why| bad(&format!("the header `{name}`"), &why))?;
        let mut value = HeaderValue::from_bytes(value)
            .map_err(|why| bad(&format!("the header `{name}`"), &why))?;
        value.set_sensitive(true);
        given.append(key, value);
    }
    let client = reqwest::Client::builder()
        .default_headers(given)
        .redirect(Policy::custom(same_place))
        .connect_timeout(Duration::from_secs(20))
        .build()
        .map_err(|why| bad("no HTTP client", &why))?;
    let mut config = StreamableHttpClientTransportConfig::with_uri(url);
    config.custom_headers = HashMap::new();
    Ok(StreamableHttpClientTransport::with_client(client, config))
}

/// Follows a redirect only where the headers were meant to go.
fn same_place(attempt: Attempt<'_>) -> reqwest::redirect::Action {
    let first = attempt.previous().first();
    let same = first.is_some_and(|url| url.origin() == attempt.url().origin());
    if same && attempt.previous().len() <= REDIRECTS {
        attempt.follow()
    } else {
        attempt.stop()
    }
}

fn command(
    words: &[std::ffi::OsString],
) -> Result<(TokioChildProcess, Option<LastWords>), ListError> {
    let (program, arguments) = words
        .split_first()
        .ok_or_else(|| ListError::new("no command was given"))?;
    let mut command = CommandWrap::with_new(program, |command| {
        command.args(arguments);
    });
    command.wrap(ProcessGroup::leader()).wrap(KillOnDrop);
    let (child, stderr) = TokioChildProcess::builder(command)
        .stderr(std::process::Stdio::piped())
        .spawn()
        .map_err(|why| ListError::new(format!("cannot run `{}`: {why}", program.display())))?;
    Ok((child, stderr.map(LastWords::of)))
}
