//! What the screen asks for, and the answers.

use std::path::Path;
use std::sync::mpsc::TryRecvError;

use super::{Gone, Request, Update, Worker};
use crate::call::CallNo;

impl Worker {
    /// After the end: only requests.
    pub(super) fn serve(&mut self) -> Result<(), Gone> {
        while let Ok(request) = self.inbox.recv() {
            self.answer(request)?;
        }
        Ok(())
    }

    pub(super) fn answer_waiting(&mut self) -> Result<(), Gone> {
        loop {
            match self.inbox.try_recv() {
                Ok(request) => self.answer(request)?,
                Err(TryRecvError::Empty) => return Ok(()),
                Err(TryRecvError::Disconnected) => return Err(Gone),
            }
        }
    }

    pub(super) fn answer(&mut self, request: Request) -> Result<(), Gone> {
        match request {
            Request::Open(calls, other_leg) => {
                self.analysis.settle();
                self.open(&calls, other_leg)?;
                self.opened = Some((calls, other_leg));
                Ok(())
            }
            Request::Pages(call) => self.send(match self.analysis.pages(call) {
                Ok(pages) => Update::Pages(call, pages),
                Err(error) => Update::Failed(format!("cannot read the call again: {error}")),
            }),
            Request::Save(calls, path) => {
                let saved = self.save(&calls, &path);
                self.send(Update::Saved(saved))
            }
            Request::Keep(path) => {
                let how = crate::file::How {
                    private: true,
                    keep: true,
                    screen: true,
                };
                let kept = self.analysis.keep(&path, how);
                let told = kept.map(|(packets, written)| {
                    written.told(&crate::text::count(packets, "packet"), &path)
                });
                self.send(Update::Kept(told.map_err(|error| error.to_string())))
            }
        }
    }

    fn open(&self, calls: &[CallNo], other_leg: bool) -> Result<(), Gone> {
        self.send(match self.analysis.flow(calls, other_leg) {
            Ok(flow) => Update::Opened(flow),
            Err(error) => Update::Failed(format!("cannot read the call again: {error}")),
        })
    }

    fn save(&self, calls: &[CallNo], path: &Path) -> Result<String, String> {
        let how = crate::file::How {
            private: true,
            keep: false,
            screen: true,
        };
        let saved = self.analysis.save_packets(calls, path, how);
        let (packets, written) = saved.map_err(|error| error.to_string())?;
        let what = crate::text::count(packets, "packet");
        Ok(written.told(&what, path))
    }

    /// An open call has changed: sent again.
    pub(super) fn reopen(&mut self, changed: &[CallNo]) -> Result<(), Gone> {
        match &self.opened {
            Some((calls, other)) if calls.iter().any(|call| changed.contains(call)) => {
                let (calls, other) = (calls.clone(), *other);
                self.open(&calls, other)
            }
            _ => Ok(()),
        }
    }
}
