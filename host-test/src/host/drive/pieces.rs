//! How bodies are cut, and how their ends are told.

use super::super::settings::{BodySequence, Profile, Settings};

/// Pieces of a body, each with whether it ends the stream.
pub(super) type Pieces = Vec<(Vec<u8>, bool)>;

/// A request's body. If trailers follow it, its end is never told.
pub(super) fn of_request(body: &[u8], trailers: bool, settings: &Settings) -> Pieces {
    let whole = settings.profile == Profile::Nginx;
    let size = if whole {
        body.len()
    } else {
        settings.request_chunk
    };
    let pieces = body.chunks(size.max(1)).map(<[u8]>::to_vec).collect();
    let sequence = if whole {
        BodySequence::Http2
    } else {
        settings.body_sequence
    };
    told(pieces, !trailers, sequence)
}

/// A response's body, in the pieces that the upstream sent, or smaller. It ends if `ends`.
pub(super) fn of_response(chunks: &[Vec<u8>], ends: bool, settings: &Settings) -> Pieces {
    let size = settings.response_chunk.max(1);
    let pieces = chunks
        .iter()
        .flat_map(|chunk| chunk.chunks(size))
        .map(<[u8]>::to_vec)
        .collect();
    told(pieces, ends, settings.body_sequence)
}

fn told(pieces: Vec<Vec<u8>>, ends: bool, sequence: BodySequence) -> Pieces {
    let mut pieces: Pieces = pieces.into_iter().map(|piece| (piece, false)).collect();
    match (ends, sequence, pieces.last_mut()) {
        (false, _, _) => {}
        (true, BodySequence::Http2, Some((_, end))) => *end = true,
        (true, _, _) => pieces.push((Vec::new(), true)),
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::{of_request, of_response};
    use crate::host::settings::{BodySequence, Profile, Settings};

    fn settings(body_sequence: BodySequence) -> Settings {
        Settings {
            body_sequence,
            request_chunk: 2,
            ..Settings::default()
        }
    }

    #[test]
    fn http1_tells_the_end_after_the_last_piece() {
        let pieces = of_request(b"abc", false, &settings(BodySequence::Http1));
        assert_eq!(
            pieces,
            [
                (b"ab".to_vec(), false),
                (b"c".to_vec(), false),
                (vec![], true)
            ]
        );
    }

    #[test]
    fn http2_tells_the_end_with_the_last_piece() {
        let pieces = of_request(b"abc", false, &settings(BodySequence::Http2));
        assert_eq!(pieces, [(b"ab".to_vec(), false), (b"c".to_vec(), true)]);
    }

    #[test]
    fn trailers_hide_the_end() {
        let pieces = of_request(b"abc", true, &settings(BodySequence::Http2));
        assert_eq!(pieces, [(b"ab".to_vec(), false), (b"c".to_vec(), false)]);
        assert_eq!(of_request(b"", true, &settings(BodySequence::Http1)), []);
    }

    #[test]
    fn an_empty_body_is_only_an_end() {
        for sequence in [BodySequence::Http1, BodySequence::Http2] {
            assert_eq!(
                of_request(b"", false, &settings(sequence)),
                [(vec![], true)]
            );
            assert_eq!(
                of_response(&[vec![]], true, &settings(sequence)),
                [(vec![], true)]
            );
        }
    }

    #[test]
    fn nginx_gives_the_body_at_once() {
        let settings = Settings {
            profile: Profile::Nginx,
            ..settings(BodySequence::Http1)
        };
        assert_eq!(
            of_request(b"abc", false, &settings),
            [(b"abc".to_vec(), true)]
        );
    }
}
