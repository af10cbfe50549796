//! The operators' listener, asked over HTTP.

use std::net::{TcpStream, ToSocketAddrs};
use std::path::Path;
use std::time::Duration;

use host_test::Request;

use super::Trouble;
use crate::wire;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(10);

const TOKEN: &str = "TOOLGATE_ADMIN_TOKEN";

/// Said whenever the token is missing or wrong.
pub(super) const WHERE_THE_TOKEN_IS: &str = "put it into $TOOLGATE_ADMIN_TOKEN, or name a file with --token-file; its SHA-256 stands under `admin.operators` of the listener's configuration";

/// Where the listener is, and who asks.
pub(super) struct Admin {
    authority: String,
    token: String,
}

/// What it answered.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: String,
}

impl Admin {
    pub(super) fn new(url: &str, token_file: Option<&Path>) -> Result<Admin, Trouble> {
        let wrong =
            || format!("`{url}` is not a listener's URL (--admin): expected http://HOST:PORT");
        let authority = url.strip_prefix("http://").ok_or_else(wrong)?;
        let authority = authority.trim_end_matches('/');
        let port = authority.rsplit_once(':').map(|(_, port)| port);
        let whole = port.is_some_and(|port| port.parse::<u16>().is_ok());
        if !whole || authority.contains(['/', '?', '#', '@', ' ']) {
            return Err(wrong());
        }
        let token = match token_file {
            Some(file) => std::fs::read_to_string(file)
                .map_err(|why| format!("cannot read the token from {}: {why}", file.display()))?,
            None => std::env::var(TOKEN).map_err(|_| format!("no token: {WHERE_THE_TOKEN_IS}"))?,
        };
        let token = token.trim();
        if token.is_empty() || token.contains(char::is_control) {
            return Err(format!(
                "the token is empty, or has characters that no header can hold: {WHERE_THE_TOKEN_IS}"
            ));
        }
        Ok(Admin {
            authority: authority.to_owned(),
            token: token.to_owned(),
        })
    }

    pub(super) fn ask(&self, method: &str, path: &str) -> Result<Answer, Trouble> {
        let away = |why: std::io::Error| {
            format!(
                "cannot reach the operators' listener at {} (--admin): {why}",
                self.authority
            )
        };
        let address = self.authority.to_socket_addrs().map_err(away)?.next();
        let address = address.ok_or_else(|| format!("`{}` has no address", self.authority))?;
        let mut stream = TcpStream::connect_timeout(&address, PATIENCE).map_err(away)?;
        stream.set_read_timeout(Some(PATIENCE)).map_err(away)?;
        stream.set_write_timeout(Some(PATIENCE)).map_err(away)?;
        let request = Request::new(method, path)
            .with_header("authorization", format!("Bearer {}", self.token))
            .with_header("content-length", "0");
        wire::write_request(&mut stream, &request, &self.authority).map_err(away)?;
        let answer = wire::read_response(&mut stream, method).map_err(away)?;
        if !answer.complete {
            return Err(format!("the answer of {} ended early", self.authority));
        }
        Ok(Answer {
            status: answer.response.status,
            body: answer.response.text(),
        })
    }
}
