//! The scripted server on a socket, with what it saw.

use std::io::{self, BufReader};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use host_test::Request;

use crate::scenario::server::Scripted;
use crate::wire;

/// How long a kept connection may be silent.
const IDLE: Duration = Duration::from_secs(600);

/// A listening server; its threads end with the process.
pub(super) struct Listener {
    shared: Arc<Mutex<Shared>>,
    #[cfg_attr(not(test), expect(dead_code, reason = "tests listen on port 0"))]
    pub(super) address: SocketAddr,
}

struct Shared {
    server: Scripted,
    seen: Vec<Request>,
}

impl Listener {
    pub(super) fn start(socket: TcpListener, server: Scripted) -> io::Result<Listener> {
        let address = socket.local_addr()?;
        let seen = Vec::new();
        let shared = Arc::new(Mutex::new(Shared { server, seen }));
        let accepting = Arc::clone(&shared);
        thread::Builder::new()
            .name("scripted-server".to_owned())
            .spawn(move || {
                for stream in socket.incoming().flatten() {
                    let shared = Arc::clone(&accepting);
                    // A connection that goes wrong is the proxy's to report.
                    thread::spawn(move || drop(serve(&stream, &shared)));
                }
            })?;
        Ok(Listener { shared, address })
    }

    /// Forgets what was seen.
    pub(super) fn forget(&self) {
        self.lock().seen.clear();
    }

    /// The requests that arrived whole since the last `forget`.
    pub(super) fn seen(&self) -> Vec<Request> {
        self.lock().seen.clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn serve(stream: &TcpStream, shared: &Mutex<Shared>) -> io::Result<()> {
    stream.set_read_timeout(Some(IDLE))?;
    stream.set_nodelay(true)?;
    let mut input = BufReader::new(stream);
    while let Some(request) = wire::read_request(&mut input)? {
        let response = {
            let mut shared = shared.lock().unwrap_or_else(PoisonError::into_inner);
            let response = shared.server.answer(&request);
            shared.seen.push(request);
            response
        };
        let mut out = stream;
        wire::write_response(&mut out, &response)?;
    }
    Ok(())
}
