//! Response bodies that come in pieces, slowly, padded, or not to their end.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::time::{Sleep, sleep};

use crate::suffer::Manner;

const PIECE: usize = 64 << 10;

/// A body and the way it goes over the wire.
pub(crate) struct WireBody {
    pieces: VecDeque<Bytes>,
    /// Bytes of padding that go out before the last piece.
    padding: u64,
    /// What the head announces; the body ends early with an error if there is less.
    announced: u64,
    sent: u64,
    pause: Option<Duration>,
    waiting: Option<Pin<Box<Sleep>>>,
    /// Whether the bytes before an early end were given time to go out.
    flushed: bool,
}

/// How long the bytes before an early end have to go out; without it the client would see no answer at all.
const FLUSH: Duration = Duration::from_millis(30);

impl WireBody {
    pub(crate) fn new(body: Bytes, manner: &Manner) -> Self {
        let length = body.len() as u64;
        let plain = Self {
            pieces: VecDeque::new(),
            padding: 0,
            announced: length,
            sent: 0,
            pause: None,
            waiting: None,
            flushed: false,
        };
        match *manner {
            Manner::Whole => Self { pieces: VecDeque::from([body]), ..plain },
            Manner::Truncated => Self { pieces: VecDeque::from([body.slice(..body.len() / 2)]), ..plain },
            Manner::Drip(bytes, pause) => Self { pieces: cut(&body, bytes), pause: Some(pause), ..plain },
            Manner::Padded(padding) => {
                let end = body.len().saturating_sub(2);
                let pieces = VecDeque::from([body.slice(..end), body.slice(end..)]);
                Self { pieces, padding, announced: length + padding, ..plain }
            }
        }
    }

    fn next(&mut self) -> Option<Bytes> {
        if self.padding > 0 && self.pieces.len() == 1 {
            let piece = usize::try_from(self.padding).unwrap_or(PIECE).min(PIECE);
            self.padding -= piece as u64;
            return Some(Bytes::from(vec![b'x'; piece]));
        }
        self.pieces.pop_front()
    }
}

fn cut(body: &Bytes, bytes: usize) -> VecDeque<Bytes> {
    (0..body.len()).step_by(bytes).map(|start| body.slice(start..body.len().min(start + bytes))).collect()
}

impl Body for WireBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if let Some(waiting) = &mut self.waiting {
            std::task::ready!(Future::poll(waiting.as_mut(), cx));
        }
        self.waiting = self.pause.map(|pause| Box::pin(sleep(pause)));
        match self.next() {
            Some(piece) => {
                self.sent += piece.len() as u64;
                Poll::Ready(Some(Ok(Frame::data(piece))))
            }
            None if self.sent < self.announced && !self.flushed => {
                self.flushed = true;
                self.waiting = Some(Box::pin(sleep(FLUSH)));
                self.poll_frame(cx)
            }
            None if self.sent < self.announced => Poll::Ready(Some(Err(io::ErrorKind::UnexpectedEof.into()))),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.announced == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.announced)
    }
}
