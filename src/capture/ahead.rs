//! Decompression on a thread of its own, so that it goes on while frames are looked at.

use std::io::{self, Read};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread;

/// Octets of a piece.
const PIECE: usize = 256 * 1024;
/// Pieces that wait.
const WAITING: usize = 4;

/// What a thread reads ahead of who reads here.
pub(super) struct Ahead {
    pieces: Receiver<io::Result<Vec<u8>>>,
    /// Pieces that were read go back to be filled again.
    empty: Sender<Vec<u8>>,
    piece: Vec<u8>,
    at: usize,
}

impl Ahead {
    /// Begins to read; where there is no thread to be had, nothing is read ahead.
    pub(super) fn of(input: Box<dyn Read + Send>) -> io::Result<Self> {
        let (outbox, pieces) = sync_channel(WAITING);
        let (empty, returned) = channel();
        // Ends with the input, or when nobody reads any more.
        thread::Builder::new()
            .name("inflate".to_owned())
            .spawn(move || fill(input, &outbox, &returned))?;
        Ok(Self {
            pieces,
            empty,
            piece: Vec::new(),
            at: 0,
        })
    }
}

fn fill(
    mut input: Box<dyn Read + Send>,
    outbox: &SyncSender<io::Result<Vec<u8>>>,
    returned: &Receiver<Vec<u8>>,
) {
    loop {
        let mut piece = returned.try_recv().unwrap_or_default();
        piece.clear();
        let read = input.by_ref().take(PIECE as u64).read_to_end(&mut piece);
        // What came before an error is good.
        let ended = piece.is_empty();
        if !ended && outbox.send(Ok(piece)).is_err() {
            return;
        }
        match read {
            Ok(_) if ended => return,
            Ok(_) => {}
            Err(error) => {
                let _ = outbox.send(Err(error));
                return;
            }
        }
    }
}

impl Read for Ahead {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.at >= self.piece.len() {
            let used = std::mem::take(&mut self.piece);
            self.at = 0;
            if used.capacity() > 0 {
                let _ = self.empty.send(used);
            }
            match self.pieces.recv() {
                Ok(piece) => self.piece = piece?,
                // The thread is done.
                Err(_) => return Ok(0),
            }
        }
        let mut left = self.piece.get(self.at..).unwrap_or_default();
        let count = left.read(buffer)?;
        self.at += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Failing(usize);

    impl Read for Failing {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let count = self.0.min(buffer.len());
            if count == 0 {
                return Err(io::Error::from_raw_os_error(5));
            }
            self.0 -= count;
            buffer[..count].fill(7);
            Ok(count)
        }
    }

    #[test]
    fn gives_all_and_then_the_error() {
        let mut ahead = Ahead::of(Box::new(Failing(1_000_000))).unwrap();
        let mut all = Vec::new();
        let error = ahead.read_to_end(&mut all).unwrap_err();
        assert_eq!((all.len(), error.raw_os_error()), (1_000_000, Some(5)));
        let text: Vec<u8> = (0..3_000_000_u32).map(|n| n.to_le_bytes()[0]).collect();
        let mut ahead = Ahead::of(Box::new(io::Cursor::new(text.clone()))).unwrap();
        let mut all = Vec::new();
        ahead.read_to_end(&mut all).unwrap();
        assert!(all == text);
    }
}
