//! One half of a stream, request or response: headers, body and trailers through the guest, with
//! its pauses.

use super::super::stream::Side;
use super::{Drive, Over, Step};

/// Which half.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Request,
    Response,
}

/// Where a half stands.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Progress {
    #[default]
    Flowing,
    /// The guest paused, but goes on seeing what comes.
    Paused,
    /// The guest paused everything: nothing reaches it until it resumes.
    Stopped,
}

/// The state of one half.
#[derive(Default)]
pub(super) struct Half {
    /// Whether it began at all.
    pub(super) started: bool,
    progress: Progress,
    /// Whether the guest resumed it, which is still to be done.
    pub(super) resumed: bool,
    headers_sent: bool,
    /// Whether the headers ended it.
    headers_end: bool,
    /// Whether its body's end came.
    body_end: bool,
    end_sent: bool,
    trailers_came: bool,
    trailers_sent: bool,
    /// What came while it was stopped.
    queued: Vec<u8>,
    queued_any: bool,
    trailers_queued: bool,
}

impl Way {
    fn headers(self) -> &'static str {
        match self {
            Way::Request => "proxy_on_request_headers",
            Way::Response => "proxy_on_response_headers",
        }
    }

    fn body(self) -> &'static str {
        match self {
            Way::Request => "proxy_on_request_body",
            Way::Response => "proxy_on_response_body",
        }
    }

    fn trailers(self) -> &'static str {
        match self {
            Way::Request => "proxy_on_request_trailers",
            Way::Response => "proxy_on_response_trailers",
        }
    }
}

fn size(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

impl Drive<'_> {
    fn half(&mut self, way: Way) -> &mut Half {
        match way {
            Way::Request => &mut self.request,
            Way::Response => &mut self.response,
        }
    }

    /// What the guest sees of a half.
    fn side(&mut self, way: Way) -> Result<&mut Side, Over> {
        let stream = self.vm.guest_mut().stream.as_mut().ok_or(Over)?;
        Ok(match way {
            Way::Request => &mut stream.request,
            Way::Response => &mut stream.response,
        })
    }

    /// The headers came.
    pub(super) fn headers(&mut self, way: Way, end: bool) -> Step {
        let half = self.half(way);
        half.started = true;
        half.headers_end = end;
        let side = self.side(way)?;
        side.headers_open = true;
        let count = size(side.headers.len());
        let id = self.id;
        let answer = self.callback(way.headers(), &[id, count, u32::from(end)], count, end)?;
        let hold = self.vm.guest().settings().hold_allowed;
        match answer {
            // 2 is "continue and end the stream", which Envoy takes for Continue.
            0 | 2 => {
                self.side(way)?.headers_open = false;
                self.send_headers(way, end)?;
            }
            1 if hold => self.half(way).progress = Progress::Paused,
            _ => self.half(way).progress = Progress::Stopped,
        }
        self.settle()
    }

    /// A piece of the body came.
    pub(super) fn data(&mut self, way: Way, piece: Vec<u8>, end: bool) -> Step {
        let half = self.half(way);
        half.body_end |= end;
        if half.progress == Progress::Stopped {
            half.queued.extend_from_slice(&piece);
            half.queued_any = true;
            return Ok(());
        }
        let limit = self.vm.guest().settings().buffer_limit;
        let side = self.side(way)?;
        side.received = side.received.saturating_add(piece.len());
        let was_buffering = side.buffering;
        if was_buffering {
            side.buffer.extend_from_slice(&piece);
            if side.buffer.len() > limit {
                return self.too_large(way);
            }
        } else {
            side.piece = piece;
        }
        side.piece_open = true;
        let seen = size(if was_buffering {
            side.buffer.len()
        } else {
            side.piece.len()
        });
        let id = self.id;
        let answer = self.callback(way.body(), &[id, seen, u32::from(end)], seen, end)?;
        let side = self.side(way)?;
        side.buffering = false;
        let piece = std::mem::take(&mut side.piece);
        match answer {
            0 => {
                side.piece_open = false;
                let mut data = std::mem::take(&mut side.buffer);
                data.extend_from_slice(&piece);
                self.half(way).progress = Progress::Flowing;
                self.send_headers(way, false)?;
                self.send_data(way, data, end)?;
            }
            // Stop and drop the piece.
            3 => self.half(way).progress = Progress::Paused,
            // Stop and buffer; 2 slows the sender down instead of failing when it is too much.
            answer => {
                side.buffer.extend_from_slice(&piece);
                side.buffering = true;
                let too_large = side.buffer.len() > limit && answer != 2;
                self.half(way).progress = Progress::Paused;
                if too_large {
                    return self.too_large(way);
                }
            }
        }
        self.settle()
    }

    /// The trailers came, and with them the end.
    pub(super) fn trailers(&mut self, way: Way) -> Step {
        let half = self.half(way);
        if half.progress == Progress::Stopped {
            half.trailers_queued = true;
            return Ok(());
        }
        half.trailers_came = true;
        let side = self.side(way)?;
        side.trailers_open = true;
        let count = size(side.trailers.len());
        let id = self.id;
        let answer = self.callback(way.trailers(), &[id, count], count, true)?;
        if answer == 0 {
            self.side(way)?.trailers_open = false;
            self.flush(way)?;
        } else {
            self.half(way).progress = Progress::Paused;
        }
        self.settle()
    }

    /// Goes on with a half that the guest resumed; says whether there was anything to do.
    pub(super) fn resume(&mut self, way: Way) -> Result<bool, Over> {
        let half = self.half(way);
        if !std::mem::take(&mut half.resumed) {
            return Ok(false);
        }
        match half.progress {
            Progress::Flowing => return Ok(false),
            Progress::Paused => self.flush(way)?,
            Progress::Stopped => {
                half.progress = Progress::Flowing;
                let (end, body_end) = (half.headers_end, half.body_end);
                let queued = std::mem::take(&mut half.queued);
                let queued_any = std::mem::take(&mut half.queued_any);
                let trailers = std::mem::take(&mut half.trailers_queued);
                self.send_headers(way, end)?;
                // All that came meanwhile comes to the guest at once.
                if queued_any {
                    self.data(way, queued, body_end)?;
                }
                if trailers {
                    self.trailers(way)?;
                }
            }
        }
        Ok(true)
    }

    /// Sends on all that a pause held back.
    fn flush(&mut self, way: Way) -> Step {
        let half = self.half(way);
        half.progress = Progress::Flowing;
        let (headers_end, body_end) = (half.headers_end, half.body_end);
        let trailers = half.trailers_came && !half.trailers_sent;
        let end_sent = half.end_sent;
        self.send_headers(way, headers_end)?;
        let data = std::mem::take(&mut self.side(way)?.buffer);
        if !data.is_empty() || (body_end && !end_sent) {
            self.send_data(way, data, body_end)?;
        }
        if trailers {
            self.send_trailers(way)?;
        }
        Ok(())
    }

    fn send_headers(&mut self, way: Way, end: bool) -> Step {
        if std::mem::replace(&mut self.half(way).headers_sent, true) {
            return Ok(());
        }
        self.half(way).end_sent |= end;
        let headers = self.side(way)?.headers.clone();
        match way {
            Way::Request => self.up.headers(headers, end, &mut self.out.problems),
            Way::Response => {
                self.down.headers(headers, end, &mut self.out.problems);
                self.tell();
            }
        }
        Ok(())
    }

    fn send_data(&mut self, way: Way, data: Vec<u8>, end: bool) -> Step {
        self.half(way).end_sent |= end;
        match way {
            Way::Request => self.up.data(data, end),
            Way::Response => {
                self.down.data(data, end);
                self.tell();
            }
        }
        Ok(())
    }

    fn send_trailers(&mut self, way: Way) -> Step {
        self.half(way).trailers_sent = true;
        let trailers = self.side(way)?.trailers.clone();
        match way {
            Way::Request => self.up.trailers(trailers),
            Way::Response => self.down.trailers(trailers),
        }
        Ok(())
    }
}
