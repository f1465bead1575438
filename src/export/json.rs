//! JSON, schema `faxflow/1`: every field of the contract, `null` where there is nothing to say.

use std::borrow::Borrow;
use std::cell::RefCell;
use std::collections::HashSet;
use std::io::{self, Write};

use serde::ser::{Error as _, Serialize, SerializeSeq, Serializer};

use crate::analysis::{Analysed, AnalysedFlow};
use crate::call::{Call, CallNo};
use crate::capture::CaptureInfo;
use crate::hint::Hint;
use call::{CallInDocument, CallLine};
pub(super) use compare::compare;
use document::{CaptureLine, CaptureObject, Document, OneOfSeveral};
use harmless::{write_line, write_pretty};
use indented::Indented;

mod call;
mod compare;
mod document;
mod fax;
mod harmless;
mod hint;
mod indented;
mod log;
mod message;
mod origin;
mod path;
#[cfg(test)]
mod schema;

/// Name of the schema.
pub const SCHEMA: &str = "faxflow/1";

/// All legs of all flows as one document, each call once.
pub(super) fn flows<I>(
    out: &mut impl Write,
    capture: &CaptureInfo,
    flows: I,
    messages: bool,
) -> io::Result<()>
where
    I: IntoIterator,
    I::Item: Borrow<AnalysedFlow>,
{
    write_document(out, capture, &legs_of(capture, flows, messages))
}

/// All legs of all flows, one a line.
pub(super) fn flow_lines<I>(
    out: &mut impl Write,
    capture: &CaptureInfo,
    flows: I,
    messages: bool,
) -> io::Result<()>
where
    I: IntoIterator,
    I::Item: Borrow<AnalysedFlow>,
{
    write_line(out, &CaptureLine::of(capture))?;
    each_leg(flows, |call, hints| {
        write_line(out, &CallLine::of(call, hints, capture, messages))
    })
}

/// Calls without their messages, as one document.
pub(super) fn calls<I>(out: &mut impl Write, capture: &CaptureInfo, calls: I) -> io::Result<()>
where
    I: IntoIterator,
    I::Item: Borrow<Analysed>,
{
    let calls = Streamed::new(|sink| {
        for analysed in calls {
            let Analysed { call, hints } = analysed.borrow();
            sink(&CallInDocument::of(call, hints, capture, false))?;
        }
        Ok(())
    });
    write_document(out, capture, &calls)
}

/// Calls without their messages, one a line.
pub(super) fn call_lines<I>(out: &mut impl Write, capture: &CaptureInfo, calls: I) -> io::Result<()>
where
    I: IntoIterator,
    I::Item: Borrow<Analysed>,
{
    write_line(out, &CaptureLine::of(capture))?;
    for analysed in calls {
        let Analysed { call, hints } = analysed.borrow();
        write_line(out, &CallLine::of(call, hints, capture, false))?;
    }
    Ok(())
}

/// The line of a call that is seen without its hints.
#[cfg(test)]
pub(super) fn record(capture: &CaptureInfo, call: &Call) -> String {
    let mut out = Vec::new();
    write_line(&mut out, &CallLine::of(call, &[], capture, false)).unwrap_or_default();
    crate::text::lossy(&out)
}

/// A document of several captures: what stands around them.
#[derive(Debug, Default)]
pub struct Several {
    written: usize,
}

impl Several {
    /// Before each capture.
    pub fn next(&mut self, out: &mut impl Write) -> io::Result<()> {
        if self.written == 0 {
            Self::begin(out)?;
        } else {
            out.write_all(b",")?;
        }
        self.written += 1;
        out.write_all(b"\n")
    }

    /// After the last one.
    pub fn end(&self, out: &mut impl Write) -> io::Result<()> {
        if self.written == 0 {
            Self::begin(out)?;
        } else {
            out.write_all(b"\n  ")?;
        }
        out.write_all(b"]\n}\n")
    }

    fn begin(out: &mut impl Write) -> io::Result<()> {
        write!(out, "{{\n  \"schema\": \"{SCHEMA}\",\n  \"captures\": [")
    }
}

/// A capture with all legs of its flows, without their messages, as it stands in a document of several.
pub(super) fn one_of_several<I>(
    out: &mut impl Write,
    capture: &CaptureInfo,
    flows: I,
) -> io::Result<()>
where
    I: IntoIterator,
    I::Item: Borrow<AnalysedFlow>,
{
    let calls = legs_of(capture, flows, false);
    let one = OneOfSeveral {
        capture: CaptureObject::of(capture),
        calls: &calls,
    };
    write_pretty(&mut Indented::new(out, "    "), &one)
}

/// All legs of all flows as an array, each call once.
fn legs_of<I>(capture: &CaptureInfo, flows: I, messages: bool) -> impl Serialize
where
    I: IntoIterator,
    I::Item: Borrow<AnalysedFlow>,
{
    Streamed::new(move |sink| {
        each_leg(flows, |call, hints| {
            sink(&CallInDocument::of(call, hints, capture, messages))
        })
    })
}

fn write_document(
    out: &mut impl Write,
    capture: &CaptureInfo,
    calls: &impl Serialize,
) -> io::Result<()> {
    write_pretty(
        out,
        &Document {
            schema: SCHEMA,
            capture: CaptureObject::of(capture),
            calls,
        },
    )?;
    out.write_all(b"\n")
}

fn each_leg<I, E>(flows: I, mut each: impl FnMut(&Call, &[Hint]) -> Result<(), E>) -> Result<(), E>
where
    I: IntoIterator,
    I::Item: Borrow<AnalysedFlow>,
{
    let mut done: HashSet<CallNo> = HashSet::new();
    for flow in flows {
        let flow = flow.borrow();
        for (leg, call) in flow.flow.legs.iter().enumerate() {
            if done.insert(call.number) {
                each(call, flow.hints.get(leg).map_or(&[], Vec::as_slice))?;
            }
        }
    }
    Ok(())
}

/// What takes one element of an array after the other.
type Sink<'s> = dyn FnMut(&CallInDocument<'_>) -> Result<(), String> + 's;

/// An array whose elements are made while it is written, so that only one is held at a time.
struct Streamed<F>(RefCell<Option<F>>);

impl<F: FnOnce(&mut Sink<'_>) -> Result<(), String>> Streamed<F> {
    fn new(feed: F) -> Self {
        Self(RefCell::new(Some(feed)))
    }
}

impl<F: FnOnce(&mut Sink<'_>) -> Result<(), String>> Serialize for Streamed<F> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut sequence = serializer.serialize_seq(None)?;
        let mut failure = None;
        if let Some(feed) = self.0.take() {
            let fed = feed(&mut |call| {
                sequence.serialize_element(call).map_err(|error| {
                    let text = error.to_string();
                    failure = Some(error);
                    text
                })
            });
            if let Some(error) = failure {
                return Err(error);
            }
            fed.map_err(S::Error::custom)?;
        }
        sequence.end()
    }
}
