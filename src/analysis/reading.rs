//! One capture, read step by step: reader, decoder, index; calls numbered, loaded and diagnosed on demand.

use std::collections::HashMap;
use std::io;
use std::path::Path;
use std::sync::Arc;

use crate::analysis::{Analysed, AnalysedFlow, CallRow, FaxRow, Options};
use crate::call::correlate;
use crate::call::index::{DialogEntry, DialogId, Index, Map};
use crate::call::load::{self, RtpByFlow, Source};
use crate::call::{Call, CallNo, Flow, Verdict};
use crate::capture::packet::Decoder;
use crate::capture::reader::{Frame, Mark, Reader};
use crate::capture::store::Store;
use crate::capture::{CaptureInfo, Error, FrameNo, Note};
use crate::hint::{Hint, Scene, Severity};

mod saving;
mod sound;

/// RTP that is held in memory at once while faxes are analysed.
const RTP_BATCH: u64 = 48 << 20;

/// How the note on what is left out ends.
const LIMITS: &str =
    ": more SIP messages of one call, or T.38 packets or media flows, than any network has";

/// A capture being read, and what was found so far.
#[derive(Debug)]
pub struct Analysis {
    options: Options,
    reader: Reader,
    decoder: Decoder,
    store: Store,
    index: Index,
    /// Calls in order: the call number is the place plus one.
    calls: Vec<DialogId>,
    numbers: Map<DialogId, CallNo>,
    partners: Map<DialogId, Vec<DialogId>>,
    /// The first frame.
    start: Option<Mark>,
    /// Calls without SIP and without T.38, listened to: until which frame, and whether they are a fax.
    listened: Map<DialogId, (FrameNo, bool)>,
    finished: bool,
}

impl Analysis {
    /// Opens a capture.
    pub fn open(options: Options) -> Result<Self, Error> {
        let mut reader = Reader::open(&options.file)?;
        reader.follow(options.follow);
        let store = Store::new(&reader);
        Ok(Self {
            options,
            reader,
            decoder: Decoder::new(),
            store,
            index: Index::new(),
            calls: Vec::new(),
            numbers: Map::default(),
            partners: Map::default(),
            start: None,
            listened: Map::default(),
            finished: false,
        })
    }

    /// Reads at most `frames` frames. False: there are no more (for now, where the file grows).
    pub fn step(&mut self, frames: usize) -> Result<bool, Error> {
        let Self {
            reader,
            decoder,
            store,
            index,
            options,
            start,
            finished,
            ..
        } = self;
        let mut failed: Option<io::Error> = None;
        let mut take = |frame: &Frame<'_>| {
            let mark = frame.mark;
            start.get_or_insert(mark);
            decoder.decode(frame, &mut |packet| {
                if let Err(error) = index.push(packet, mark, store) {
                    failed.get_or_insert(error);
                }
            });
        };
        let mut left = frames;
        while left > 0 {
            left -= reader.run(left, &mut take);
            if left == 0 {
                break;
            }
            let Some(frame) = reader.next_frame()? else {
                *finished = !options.follow;
                break;
            };
            take(&frame);
            left -= 1;
        }
        if let Some(error) = failed {
            return Err(spool_error(&options.file, error));
        }
        Ok(left == 0)
    }

    /// Reads to the end.
    pub fn read_all(&mut self, mut progress: impl FnMut(&CaptureInfo)) -> Result<(), Error> {
        while self.step(STEP)? {
            progress(self.reader.info());
        }
        self.settle();
        Ok(())
    }

    /// Gives media without SDP to calls, numbers the calls and finds the other legs.
    pub fn settle(&mut self) {
        self.index.join_unclaimed();
        self.listen();
        let finished = self.finished;
        let info = self.reader.info_mut();
        self.decoder.report(info, finished);
        if self.index.left_out > 0 {
            info.notes.retain(|note| !note.text.ends_with(LIMITS));
            info.notes.push(Note {
                frame: None,
                offset: None,
                text: format!("{} packets are left out{LIMITS}", self.index.left_out),
            });
        }
        let mut listed: Vec<(DialogId, &DialogEntry)> = self
            .index
            .dialogs()
            .iter()
            .enumerate()
            .filter_map(|(at, dialog)| Some((DialogId(u32::try_from(at).ok()?), dialog)))
            .filter(|(id, dialog)| {
                dialog.is_call(self.carries_fax(dialog)) && self.heard_or_seen(*id)
            })
            .collect();
        listed.sort_by_key(|(id, dialog)| (dialog.first_frame, *id));
        self.partners = correlate::partners(&listed);
        let calls: Vec<DialogId> = listed.iter().map(|(id, _)| *id).collect();
        self.numbers = calls
            .iter()
            .zip(1u32..)
            .map(|(id, number)| (*id, CallNo(number)))
            .collect();
        self.calls = calls;
    }

    /// About the capture.
    pub fn info(&self) -> &CaptureInfo {
        self.reader.info()
    }

    /// Numbers of all calls.
    pub fn numbers(&self) -> impl Iterator<Item = CallNo> + '_ {
        (1..=u32::try_from(self.calls.len()).unwrap_or(u32::MAX)).map(CallNo)
    }

    /// The call with this Call-ID.
    pub fn by_call_id(&self, call_id: &str) -> Option<CallNo> {
        let fits = |id: &DialogId| {
            self.index
                .dialog(*id)
                .and_then(|dialog| dialog.call_id.as_deref())
                .is_some_and(|own| own == call_id.as_bytes())
        };
        self.calls
            .iter()
            .find(|id| fits(id))
            .and_then(|id| self.numbers.get(id))
            .copied()
    }

    fn source(&self) -> Source<'_> {
        Source {
            index: &self.index,
            store: &self.store,
            info: self.reader.info(),
            unfinished: !self.finished,
        }
    }

    fn id_of(&self, number: CallNo) -> Option<DialogId> {
        let place = usize::try_from(number.0).ok()?.checked_sub(1)?;
        self.calls.get(place).copied()
    }

    fn carries_fax(&self, dialog: &DialogEntry) -> bool {
        dialog
            .flows
            .iter()
            .filter_map(|id| self.index.flow(*id))
            .any(super::super::call::index::FlowEntry::may_be_fax)
    }

    /// Whether a call may be a fax: only these are loaded without being asked for.
    pub fn may_be_fax(&self, number: CallNo) -> bool {
        let dialog = self.id_of(number).and_then(|id| self.index.dialog(id));
        dialog.is_some_and(|dialog| dialog.t38_offered || self.carries_fax(dialog))
    }

    /// Whether a call was refused or never answered: it may have been the fax (CONTRACT.md, exit status).
    pub fn never_connected(&self, number: CallNo) -> bool {
        let dialog = self.id_of(number).and_then(|id| self.index.dialog(id));
        dialog.is_some_and(|dialog| dialog.answered.is_none() && dialog.starts_with_invite)
    }

    /// The best other leg of a call.
    pub fn other_leg(&self, number: CallNo) -> Option<CallNo> {
        let id = self.id_of(number)?;
        let best = self.partners.get(&id)?.first()?;
        // Both must take each other for the best, or a third call between them is the other leg.
        let back = self.partners.get(best)?.first()?;
        (*back == id).then(|| self.numbers.get(best).copied())?
    }

    fn other_candidates(&self, number: CallNo) -> Vec<CallNo> {
        let best = self.other_leg(number);
        let Some(list) = self.id_of(number).and_then(|id| self.partners.get(&id)) else {
            return Vec::new();
        };
        list.iter()
            .filter_map(|id| self.numbers.get(id).copied())
            .filter(|number| Some(*number) != best)
            .collect()
    }

    /// A row of the calls list, from the index alone.
    pub fn row(&self, number: CallNo) -> Option<CallRow> {
        let dialog = self.index.dialog(self.id_of(number)?)?;
        let flows = || dialog.flows.iter().filter_map(|id| self.index.flow(*id));
        let t38: usize = flows().map(|flow| flow.t38.len()).sum();
        Some(CallRow {
            number,
            started: dialog.started,
            duration: dialog.last_packet.seconds_since(dialog.started).max(0.0),
            from: name_or_host(&dialog.from, dialog.caller),
            to: name_or_host(&dialog.to, dialog.callee),
            caller: dialog.caller,
            callee: dialog.callee,
            call_id: dialog.call_id.as_deref().map(crate::text::lossy),
            state: dialog.state,
            status: dialog.status,
            packets: crate::call::PacketCounts {
                sip: u32::try_from(dialog.messages.len()).unwrap_or(u32::MAX),
                rtp: flows().map(|flow| flow.rtp).fold(0, u32::saturating_add),
                t38: u32::try_from(t38).unwrap_or(u32::MAX),
            },
            other_leg: self.other_leg(number),
            fax: None,
            pending: self.may_be_fax(number),
            hints: (0, 0),
        })
    }

    /// A call with its other leg, loaded and diagnosed, both directions of sound decoded.
    pub fn analyse(&self, number: CallNo) -> io::Result<Option<Analysed>> {
        Ok(self
            .analyse_all(&[number], true)?
            .into_iter()
            .find(|one| one.call.number == number))
    }

    /// Several calls at once: the RTP of many is read in one pass. The other legs are loaded too, for the hints,
    /// and are part of the answer only if asked for.
    ///
    /// `all_sound`: also the RTP of calls that do not look like a fax.
    pub fn analyse_all(&self, numbers: &[CallNo], all_sound: bool) -> io::Result<Vec<Analysed>> {
        let mut out = Vec::with_capacity(numbers.len());
        let mut batch: Vec<CallNo> = Vec::new();
        let mut octets = 0;
        for number in numbers {
            let own = self.rtp_octets(*number)
                + self
                    .other_leg(*number)
                    .map_or(0, |other| self.rtp_octets(other));
            if octets + own > RTP_BATCH && !batch.is_empty() {
                out.extend(self.analyse_batch(&batch, all_sound)?);
                batch.clear();
                octets = 0;
            }
            octets += own;
            batch.push(*number);
        }
        out.extend(self.analyse_batch(&batch, all_sound)?);
        Ok(out)
    }

    fn rtp_octets(&self, number: CallNo) -> u64 {
        let dialog = self.id_of(number).and_then(|id| self.index.dialog(id));
        dialog.map_or(0, |dialog| {
            dialog
                .flows
                .iter()
                .filter_map(|id| self.index.flow(*id))
                .map(|flow| flow.rtp_octets)
                .sum()
        })
    }

    fn analyse_batch(&self, numbers: &[CallNo], all_sound: bool) -> io::Result<Vec<Analysed>> {
        let mut wanted: Vec<CallNo> = numbers.to_vec();
        wanted.extend(numbers.iter().filter_map(|number| self.other_leg(*number)));
        wanted.sort_unstable();
        wanted.dedup();
        let sound: Vec<CallNo> = wanted
            .iter()
            .copied()
            .filter(|number| all_sound || self.may_be_fax(*number))
            .collect();
        let sound: Vec<DialogId> = sound
            .iter()
            .filter_map(|number| self.id_of(*number))
            .collect();
        let rtp = self.read_rtp(&sound)?;
        let mut loaded: HashMap<CallNo, Call> = HashMap::new();
        for number in &wanted {
            if let Some(call) = self.load(*number, &rtp)? {
                loaded.insert(*number, call);
            }
        }
        self.agree(&wanted, &mut loaded);
        let found: Vec<(CallNo, Found)> = numbers
            .iter()
            .filter_map(|number| Some((*number, self.diagnose(*number, &loaded)?)))
            .collect();
        Ok(found
            .into_iter()
            .filter_map(|(number, found)| Some(found.told(loaded.remove(&number)?)))
            .collect())
    }

    fn load(&self, number: CallNo, rtp: &RtpByFlow) -> io::Result<Option<Call>> {
        let Some(id) = self.id_of(number) else {
            return Ok(None);
        };
        let mut call = load::call(&self.source(), id, number, rtp)?;
        if let Some(call) = &mut call {
            call.other_leg = self.other_leg(number);
            call.other_candidates = self.other_candidates(number);
        }
        Ok(call)
    }

    /// Two legs are one fax: it is delivered only if the sender's side of it says so.
    fn agree(&self, numbers: &[CallNo], loaded: &mut HashMap<CallNo, Call>) {
        for number in numbers {
            let Some(other) = self.other_leg(*number).filter(|other| other > number) else {
                continue;
            };
            let (Some(mut near), Some(mut far)) = (loaded.remove(number), loaded.remove(&other))
            else {
                continue;
            };
            crate::call::verdict::agree(&mut near, &mut far);
            loaded.insert(*number, near);
            loaded.insert(other, far);
        }
    }

    /// Hints of one call, seen beside its other leg; cause and sentence go into its fax.
    fn diagnose(&self, number: CallNo, loaded: &HashMap<CallNo, Call>) -> Option<Found> {
        let call = loaded.get(&number)?;
        let other = call.other_leg.and_then(|other| loaded.get(&other));
        let scene = Scene {
            call,
            other,
            view: &self.options.view,
        };
        let diagnosis = crate::hint::engine::diagnose(&scene);
        // The leg on which all is confirmed has no cause, though the other one may show that it failed there.
        let failed = (call.fax.as_ref()).is_some_and(|fax| fax.verdict != Verdict::Ok);
        Some(Found {
            cause: (diagnosis.root.as_ref().filter(|_| failed))
                .map(|root| (root.rule.id, crate::hint::cause::sentence(root, &scene))),
            hints: diagnosis.hints,
        })
    }

    /// One or two calls as a flow, the caller's leg first. With `other_leg` a single call gets its other leg.
    pub fn flow(&self, numbers: &[CallNo], other_leg: bool) -> io::Result<AnalysedFlow> {
        let mut numbers: Vec<CallNo> = numbers.to_vec();
        if let [one] = numbers.as_slice()
            && other_leg
        {
            numbers.extend(self.other_leg(*one));
        }
        Ok(self.flows(&[numbers])?.pop().unwrap_or_default())
    }

    /// Several flows of one or two calls each, loaded together: the sound of many is read in one pass.
    pub fn flows(&self, chosen: &[Vec<CallNo>]) -> io::Result<Vec<AnalysedFlow>> {
        let chosen: Vec<Vec<CallNo>> = chosen
            .iter()
            .map(|legs| {
                let mut legs = legs.clone();
                legs.sort_unstable();
                legs.dedup();
                legs.truncate(2);
                legs
            })
            .collect();
        let mut numbers: Vec<CallNo> = chosen.concat();
        numbers.sort_unstable();
        numbers.dedup();
        let analysed: HashMap<CallNo, Analysed> = self
            .analyse_all(&numbers, true)?
            .into_iter()
            .map(|one| (one.call.number, one))
            .collect();
        let flow = |legs: &Vec<CallNo>| {
            let legs: Vec<&Analysed> = legs.iter().filter_map(|leg| analysed.get(leg)).collect();
            AnalysedFlow {
                hints: legs.iter().map(|leg| leg.hints.clone()).collect(),
                flow: Flow {
                    legs: legs.iter().map(|leg| Arc::clone(&leg.call)).collect(),
                },
            }
        };
        Ok(chosen.iter().map(flow).collect())
    }

    /// SIP and T.38 packets of a call.
    pub fn packets(&self, number: CallNo) -> Option<u32> {
        let packets = self.row(number)?.packets;
        Some(packets.sip.saturating_add(packets.t38))
    }

    /// Calls that changed since the last time this was asked.
    pub fn changed(&mut self) -> Vec<CallNo> {
        let changed = self.index.changed();
        changed
            .iter()
            .filter_map(|id| self.numbers.get(id).copied())
            .collect()
    }

    /// Writes the packets of some calls as a pcap file: how many.
    pub fn save_packets(&self, numbers: &[CallNo], path: &Path) -> io::Result<u64> {
        let start = self
            .start
            .ok_or_else(|| io::Error::other("the capture is empty"))?;
        saving::packets(
            &self.store,
            start,
            (&self.index, &self.dialogs_of(numbers)),
            path,
        )
    }

    fn dialogs_of(&self, numbers: &[CallNo]) -> Vec<DialogId> {
        numbers
            .iter()
            .filter_map(|number| self.id_of(*number))
            .collect()
    }
}

/// What the rules say of a call.
struct Found {
    /// The rule that explains the failure, and the sentence that says so.
    cause: Option<(&'static str, String)>,
    hints: Vec<Hint>,
}

impl Found {
    fn told(self, mut call: Call) -> Analysed {
        if let (Some(fax), Some((cause, summary))) = (&mut call.fax, self.cause) {
            fax.cause = Some(cause);
            fax.summary = summary;
        }
        Analysed {
            call: Arc::new(call),
            hints: self.hints,
        }
    }
}

/// Frames read between two looks at whether someone waits.
pub const STEP: usize = 4096;

impl CallRow {
    /// Adds what the analysis of the call found.
    #[must_use]
    pub fn with(mut self, analysed: &Analysed) -> Self {
        let call = &analysed.call;
        self.pending = false;
        self.fax = call.fax.as_ref().map(|fax| FaxRow {
            carrier: fax.carrier,
            verdict: fax.verdict,
            pages_sent: fax.pages_sent,
            pages_confirmed: fax.pages_confirmed,
            rate: fax.modem.map(|modem| match fax.bit_rate {
                Some(rate) => format!("{modem} {rate}"),
                None => modem.to_owned(),
            }),
            summary: fax.summary.clone(),
        });
        let count = |severity: Severity| {
            let found = analysed
                .hints
                .iter()
                .filter(|hint| hint.finding.severity == severity)
                .count();
            u32::try_from(found).unwrap_or(u32::MAX)
        };
        self.hints = (count(Severity::Error), count(Severity::Warning));
        (self.caller, self.callee) = (call.caller, call.callee);
        self
    }
}

fn name_or_host(name: &str, endpoint: crate::capture::Endpoint) -> String {
    if name.is_empty() {
        endpoint.addr.to_string()
    } else {
        name.to_owned()
    }
}

fn spool_error(file: &Path, source: io::Error) -> Error {
    Error::Io {
        file: file.display().to_string(),
        action: "cannot keep what was read in a temporary file",
        source,
    }
}
