//! The last words of a program, kept for the case that it fails.

use std::collections::VecDeque;

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::task::JoinHandle;

/// How many bytes are kept.
const KEPT: usize = 4_096;

/// Reads a program's standard error to its end, so that it never blocks on it, and keeps the tail.
pub(crate) struct LastWords(JoinHandle<VecDeque<u8>>);

impl LastWords {
    pub(crate) fn of(mut stderr: impl AsyncRead + Unpin + Send + 'static) -> Self {
        Self(tokio::spawn(async move {
            let mut kept = VecDeque::new();
            let mut part = [0; 1_024];
            while let Ok(count @ 1..) = stderr.read(&mut part).await {
                kept.extend(part.iter().take(count));
                let too_many = kept.len().saturating_sub(KEPT);
                kept.drain(..too_many);
            }
            kept
        }))
    }

    /// What was said, once the program has ended or `limit` has passed.
    pub(crate) async fn heard(self, limit: std::time::Duration) -> String {
        let kept = match tokio::time::timeout(limit, self.0).await {
            Ok(Ok(kept)) => Vec::from(kept),
            _ => Vec::new(),
        };
        String::from_utf8_lossy(&kept).trim().to_owned()
    }
}
