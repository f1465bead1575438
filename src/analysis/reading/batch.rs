//! Calls loaded and diagnosed, several at once: their sound is read together, and legs are seen side by side.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;

use super::Analysis;
use crate::analysis::{Analysed, AnalysedFlow};
use crate::call::index::DialogId;
use crate::call::load::{self, RtpByFlow};
use crate::call::pages::CodedPage;
use crate::call::{Call, CallNo, CallState, Cause, Flow, Verdict, uid};
use crate::hint::{Hint, RuleContext};

/// Octets of RTP held in memory at once while faxes are analysed, where each batch takes one more pass over the
/// capture.
pub(super) const RTP_BATCH: u64 = if cfg!(test) { 16 << 10 } else { 48 << 20 };
/// The same where the locations of the RTP are known: there a batch costs no pass.
const NOTED_BATCH: u64 = 1 << 20;

/// How far calls are looked into.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Depth {
    /// Hints only where they are wanted unasked.
    List,
    /// The hints of all, the sound of what may be a fax.
    Hints,
    /// The sound of all, too.
    Sound,
}

impl Analysis {
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
        let depth = if all_sound {
            Depth::Sound
        } else {
            Depth::Hints
        };
        self.analyse_to(numbers, depth)
    }

    /// Several calls as records of a list: hints of faxes and of calls that were refused or never answered, of others
    /// none.
    pub fn list_all(&self, numbers: &[CallNo]) -> io::Result<Vec<Analysed>> {
        self.analyse_to(numbers, Depth::List)
    }

    fn analyse_to(&self, numbers: &[CallNo], depth: Depth) -> io::Result<Vec<Analysed>> {
        let mut out = Vec::with_capacity(numbers.len());
        let mut batch: Vec<CallNo> = Vec::new();
        let (mut noted, mut searched) = (0, 0);
        for number in numbers {
            let own = [Some(*number), self.other_leg(*number)]
                .into_iter()
                .flatten()
                .filter_map(|number| self.id_of(number))
                .map(|id| self.rtp_octets(id))
                .fold((0, 0), |sum, own| (sum.0 + own.0, sum.1 + own.1));
            let full = noted + own.0 > NOTED_BATCH || searched + own.1 > RTP_BATCH;
            if full && !batch.is_empty() {
                out.extend(self.analyse_batch(&batch, depth)?);
                batch.clear();
                (noted, searched) = (0, 0);
            }
            noted += own.0;
            searched += own.1;
            batch.push(*number);
        }
        out.extend(self.analyse_batch(&batch, depth)?);
        Ok(out)
    }

    /// Octets of a call's RTP: those with known locations, and those that a pass over the capture must find.
    pub(super) fn rtp_octets(&self, id: DialogId) -> (u64, u64) {
        let dialog = self.index.dialog(id);
        let flows = dialog.map_or(&[][..], |dialog| &dialog.flows);
        let flows = flows
            .iter()
            .filter_map(|id| Some((id, self.index.flow(*id)?)));
        flows.fold((0, 0), |(known, searched), (id, flow)| {
            if self.knows_sound(*id, flow) {
                (known + flow.rtp_octets, searched)
            } else {
                (known, searched + flow.rtp_octets)
            }
        })
    }

    fn analyse_batch(&self, numbers: &[CallNo], depth: Depth) -> io::Result<Vec<Analysed>> {
        let mut wanted: Vec<CallNo> = numbers.to_vec();
        wanted.extend(numbers.iter().filter_map(|number| self.other_leg(*number)));
        wanted.sort_unstable();
        wanted.dedup();
        let sound: Vec<CallNo> = wanted
            .iter()
            .copied()
            .filter(|number| depth == Depth::Sound || self.may_be_fax(*number))
            .collect();
        let sound: Vec<DialogId> = sound
            .iter()
            .filter_map(|number| self.id_of(*number))
            .collect();
        let rtp = self.read_rtp(&sound)?;
        let mut loaded: HashMap<CallNo, Call> = HashMap::new();
        for number in &wanted {
            let listed = if depth == Depth::List && !self.wants_hints(*number) {
                self.outline(*number)?
            } else {
                None
            };
            let call = match listed {
                Some(call) => Some(call),
                None => self.load(*number, &rtp)?,
            };
            if let Some(call) = call {
                loaded.insert(*number, call);
            }
        }
        self.reconcile_legs(&wanted, &mut loaded);
        let found: Vec<(CallNo, Found)> = numbers
            .iter()
            .filter_map(|number| {
                let found = if depth == Depth::List && !self.wants_hints(*number) {
                    Found::default()
                } else {
                    self.diagnose(*number, &loaded)?
                };
                Some((*number, found))
            })
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
            self.name(call, id);
        }
        Ok(call)
    }

    /// A call as the list shows it, if no more is to be read of it than what is at hand.
    pub(crate) fn outline(&self, number: CallNo) -> io::Result<Option<Call>> {
        let Some(id) = self.id_of(number) else {
            return Ok(None);
        };
        let mut call = load::listed::listed(&self.source(), id, number)?;
        if let Some(call) = &mut call {
            self.name(call, id);
        }
        Ok(call)
    }

    /// Gives a call its name, and those of its other leg.
    fn name(&self, call: &mut Call, id: DialogId) {
        call.uid = uid::of(&self.index, id);
        call.other_leg = self.other_leg_of(id);
        call.other_candidates = self.other_candidates(call.number);
        let other = call.other_leg.and_then(|other| self.id_of(other));
        call.other_leg_uid = other.map(|other| uid::of(&self.index, other));
    }

    /// Whether hints of a call are worked out unasked: it or its other leg may be a fax, or it was refused or never
    /// answered.
    fn wants_hints(&self, number: CallNo) -> bool {
        let dialog = self.id_of(number).and_then(|id| self.index.dialog(id));
        let refused = dialog.is_some_and(|dialog| {
            matches!(dialog.state, CallState::Rejected | CallState::Unanswered)
        });
        let other = self.other_leg(number);
        refused
            || self.never_connected(number)
            || self.may_be_fax(number)
            || other.is_some_and(|other| self.may_be_fax(other))
    }

    /// The pages of a call with their coded data, read from the capture once more.
    pub fn pages(&self, number: CallNo) -> io::Result<Vec<CodedPage>> {
        match self.id_of(number) {
            Some(id) => load::pages(&self.source(), id, number),
            None => Ok(Vec::new()),
        }
    }

    /// Two legs carry one fax: it is delivered only if the sender's leg says so.
    fn reconcile_legs(&self, numbers: &[CallNo], loaded: &mut HashMap<CallNo, Call>) {
        for (number, call) in loaded.iter_mut() {
            let given_up = self
                .id_of(*number)
                .is_some_and(|id| self.partners.is_given_up(id));
            if given_up || crate::call::verdict::is_referred(call) {
                crate::call::verdict::went_on_elsewhere(call);
            }
        }
        for number in numbers {
            let Some(other) = self.other_leg(*number).filter(|other| other > number) else {
                continue;
            };
            let (Some(mut near), Some(mut far)) = (loaded.remove(number), loaded.remove(&other))
            else {
                continue;
            };
            crate::call::path::join(&mut near, &mut far);
            crate::call::verdict::reconcile_legs(&mut near, &mut far);
            loaded.insert(*number, near);
            loaded.insert(other, far);
        }
    }

    /// Hints of one call, seen beside its other leg; cause and sentence go into its fax.
    fn diagnose(&self, number: CallNo, loaded: &HashMap<CallNo, Call>) -> Option<Found> {
        let call = loaded.get(&number)?;
        let other = call.other_leg.and_then(|other| loaded.get(&other));
        let context = RuleContext::new(call, other, &self.options.site);
        let mut diagnosis = crate::hint::diagnose(&context);
        crate::hint::cite(&self.options.site, call, &mut diagnosis.hints);
        // The leg on which all is confirmed has no cause, though the other one may show that it failed there.
        let failed = match &call.fax {
            Some(fax) => fax.verdict != Verdict::Ok,
            None => matches!(call.state, CallState::Rejected | CallState::Unanswered),
        };
        Some(Found {
            cause: (diagnosis.root.as_ref().filter(|_| failed))
                .map(|root| (root.cause(), crate::hint::sentence(root, &context))),
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
                pbx: self.options.site.pbx.clone(),
                flow: Flow {
                    legs: legs.iter().map(|leg| Arc::clone(&leg.call)).collect(),
                },
            }
        };
        Ok(chosen.iter().map(flow).collect())
    }
}

/// What the rules say of a call.
#[derive(Default)]
struct Found {
    /// What explains the failure, and the sentence that says so.
    cause: Option<(Cause, String)>,
    hints: Vec<Hint>,
}

impl Found {
    fn told(self, mut call: Call) -> Analysed {
        if let Some((cause, summary)) = self.cause {
            call.cause = Some(cause);
            if let Some(fax) = &mut call.fax {
                fax.cause = Some(cause);
                fax.summary = summary;
            }
        }
        Analysed {
            call: Arc::new(call),
            hints: self.hints,
        }
    }
}
