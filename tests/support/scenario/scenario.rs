//! Scenarios: text to real octets. A file names a complete call, then says how this one differs from it; what
//! comes out is a capture. The format is described in tests/scenarios/README.md.

pub(crate) mod base;
pub(crate) mod capture;
pub(crate) mod edit;
pub(crate) mod fif;
pub(crate) mod file;
pub(crate) mod ifp;
pub(crate) mod page;
pub(crate) mod rtp;
pub(crate) mod script;
pub(crate) mod sdp;
pub(crate) mod signal;
pub(crate) mod sip;
pub(crate) mod sound;
pub(crate) mod stage;
pub(crate) mod step;
pub(crate) mod text;
pub(crate) mod wire;

pub(crate) use script::Script;
pub(crate) use text::Words;

/// A capture that was made of a scenario.
pub(crate) struct Made {
    /// The file.
    pub(crate) octets: Vec<u8>,
    /// Label of each frame, in order; the first one is frame 1.
    pub(crate) labels: Vec<String>,
    /// Seconds of each frame.
    pub(crate) times: Vec<f64>,
}

impl Made {
    /// A capture that is there already: its frames have their numbers as labels.
    pub(crate) fn of_capture(octets: Vec<u8>) -> Self {
        // No frame has fewer octets than its record header.
        let most = octets.len() / 16;
        Self {
            labels: (1..=most).map(|number| number.to_string()).collect(),
            times: vec![0.0; most],
            octets,
        }
    }
}

/// Makes the capture of a scenario.
pub(crate) fn make(script: &Script) -> Made {
    let packets = stage::play(script);
    let frames = capture::record(script, packets);
    Made {
        labels: frames.iter().map(|frame| frame.label.clone()).collect(),
        times: frames.iter().map(|frame| frame.at).collect(),
        octets: file::write(script, &frames),
    }
}
