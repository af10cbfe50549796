//! Says on the terminal what takes longer than a second, and takes it back when it is done.

use std::io::{IsTerminal, Write};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(1);

/// Work under way; it is done when this is dropped. Nothing is said where standard error is not a
/// terminal.
#[derive(Debug)]
pub(super) struct Progress {
    /// What was done last; closing it ends the thread.
    say: Option<Sender<String>>,
    thread: Option<JoinHandle<()>>,
}

impl Progress {
    /// Begins work that is called this, such as "building the module".
    pub(super) fn start(what: &str) -> Progress {
        if !std::io::stderr().is_terminal() {
            return Progress {
                say: None,
                thread: None,
            };
        }
        let (say, told) = mpsc::channel::<String>();
        let mut what = what.to_owned();
        let thread = thread::spawn(move || {
            let began = Instant::now();
            let mut shown = false;
            loop {
                match told.recv_timeout(PATIENCE) {
                    Ok(now) => what = now,
                    Err(RecvTimeoutError::Timeout) => {
                        let seconds = began.elapsed().as_secs();
                        let mut terminal = std::io::stderr().lock();
                        // Back to the line's start, and what was there is cleared.
                        let _ = write!(terminal, "\r\x1b[K{what} ... {seconds} s");
                        let _ = terminal.flush();
                        shown = true;
                    }
                    Err(RecvTimeoutError::Disconnected) => break,
                }
            }
            if shown {
                let mut terminal = std::io::stderr().lock();
                let _ = write!(terminal, "\r\x1b[K");
                let _ = terminal.flush();
            }
        });
        Progress {
            say: Some(say),
            thread: Some(thread),
        }
    }

    /// Calls the work otherwise from now on, such as "3 of 40 scenarios".
    pub(super) fn now(&self, what: String) {
        if let Some(say) = &self.say {
            // The thread lives until this is dropped.
            let _ = say.send(what);
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.say = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
