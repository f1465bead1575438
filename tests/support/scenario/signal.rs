//! Signals of the phone line as IFP packets: tones, V.21 at 300 bit/s, training, TCF, pages.

use super::capture::places;
use super::fif;
use super::ifp;
use super::page;
use super::step::{End, Step};
use super::text::number;

/// Packets of a signal: seconds after its start, and the IFP.
#[derive(Default)]
pub(crate) struct Signal {
    pub(crate) packets: Vec<(f64, Vec<u8>)>,
    pub(crate) seconds: f64,
    asn1_2002: bool,
}

/// A fast modem: name in the format, training indicator, data type, bit/s, seconds of its training.
pub(crate) struct Modem {
    pub(crate) name: &'static str,
    indicator: &'static str,
    data_type: u8,
    pub(crate) rate: f64,
    training: f64,
}

const MODEMS: &[Modem] = &[
    modem("14400", "v17-14400", 8, 14_400.0, 1.4),
    modem("12000", "v17-12000", 7, 12_000.0, 1.4),
    modem("9600", "v17-9600", 6, 9600.0, 1.4),
    modem("7200", "v17-7200", 5, 7200.0, 1.4),
    modem("v29-9600", "v29-9600", 4, 9600.0, 0.25),
    modem("v29-7200", "v29-7200", 3, 7200.0, 0.25),
    modem("4800", "v27-4800", 2, 4800.0, 0.7),
    modem("2400", "v27-2400", 1, 2400.0, 0.9),
    modem("v34", "v34-pri", 10, 28_800.0, 0.5),
];

const fn modem(
    name: &'static str,
    indicator: &'static str,
    data_type: u8,
    rate: f64,
    training: f64,
) -> Modem {
    Modem {
        name,
        indicator,
        data_type,
        rate,
        training,
    }
}

/// Seconds of a short training of V.17.
const SHORT: f64 = 0.142;
/// Seconds of data in a packet, fast and V.21.
const EVERY: f64 = 0.04;
const EVERY_V21: f64 = 0.08;

/// The modem of a step's first word, V.17 at 14400 without it.
pub(crate) fn modem_of(step: &Step) -> &'static Modem {
    let name = step
        .args
        .plain(0)
        .filter(|word| *word != "long" && *word != "short")
        .unwrap_or("14400");
    MODEMS
        .iter()
        .find(|modem| modem.name == name)
        .unwrap_or_else(|| panic!("no modem `{name}`"))
}

/// Seconds of training of a step.
pub(crate) fn training(step: &Step, modem: &Modem) -> f64 {
    if is_short(step, modem) {
        SHORT
    } else {
        modem.training
    }
}

/// V.17 trains long for TCF, short for what comes after CFR, unless the step says otherwise.
fn is_short(step: &Step, modem: &Modem) -> bool {
    let says = |word: &str| step.args.all_plain().any(|own| own == word);
    modem.indicator.starts_with("v17") && !says("long") && (step.verb != "tcf" || says("short"))
}

/// The IFP packets of a step.
pub(crate) fn packets(step: &Step, from: End, asn1_2002: bool) -> Signal {
    let mut out = Signal {
        asn1_2002,
        ..Signal::default()
    };
    match step.verb.as_str() {
        "ced" | "cng" | "ansam" => {
            let name = if step.verb == "ansam" {
                "v8-ansam"
            } else {
                &step.verb
            };
            out.push(ifp::indicator(name));
            out.seconds += step.args.number("for").unwrap_or(0.5);
        }
        "ind" => out.push(ifp::indicator(step.args.need(0, "indicator"))),
        "t30" => out.message(step, from),
        "tcf" | "page" => out.picture(step),
        "ecm" => out.block(step),
        other => panic!("`{other}` is no signal"),
    }
    out
}

impl Signal {
    fn push(&mut self, ifp: Vec<u8>) {
        self.packets.push((self.seconds, ifp));
    }

    fn field(&mut self, data_type: u8, field_type: u8, octets: &[u8]) {
        let ifp = ifp::data(data_type, &[(field_type, octets)], self.asn1_2002);
        self.push(ifp);
    }

    /// Preamble and HDLC frames in V.21.
    fn message(&mut self, step: &Step, from: End) {
        let frames = fif::burst(&step.args.0, from);
        let last = frames.len() - 1;
        self.push(ifp::indicator("v21-preamble"));
        self.seconds += step.args.number("preamble").unwrap_or(1.0);
        for (place, frame) in frames.iter().enumerate() {
            for octets in frame.octets.chunks(3) {
                self.field(0, ifp::HDLC_DATA, octets);
                self.seconds += EVERY_V21;
            }
            let end = match (frame.bad, place == last) {
                (false, false) => ifp::FCS_OK,
                (false, true) => ifp::FCS_OK_SIG_END,
                (true, false) => ifp::FCS_BAD,
                (true, true) => ifp::FCS_BAD_SIG_END,
            };
            self.field(0, end, &[]);
        }
    }

    fn training(&mut self, step: &Step) -> &'static Modem {
        let modem = modem_of(step);
        let length = match (modem.indicator.starts_with("v17"), is_short(step, modem)) {
            (true, true) => "-short",
            (true, false) => "-long",
            _ => "",
        };
        self.push(ifp::indicator(&format!("{}{length}", modem.indicator)));
        self.seconds += training(step, modem);
        modem
    }

    /// TCF or a page without ECM.
    fn picture(&mut self, step: &Step) {
        let modem = self.training(step);
        let tcf = step.verb == "tcf";
        let full = if tcf { 1.5 * modem.rate / 8.0 } else { 1440.0 };
        let count = step.args.count("octets").unwrap_or(full as usize);
        let dirty = step.args.number("dirty").unwrap_or(0.0);
        let noise = (0..count).map(|place| match tcf {
            true if dirty > 0.0 && place as f64 % (1.0 / dirty) < 1.0 => 0x5A,
            true => 0,
            false => picture(place),
        });
        let coded = page::coded(step).filter(|_| !tcf);
        let octets: Vec<u8> = coded.unwrap_or_else(|| noise.collect());
        let size = (modem.rate * EVERY / 8.0) as usize;
        let chunks = octets
            .chunks(size)
            .map(|octets| (ifp::T4_DATA, octets.to_vec()))
            .collect();
        if self.run(step, modem, chunks) {
            self.field(modem.data_type, ifp::T4_SIG_END, &[]);
        }
    }

    /// FCD frames and RCP.
    fn block(&mut self, step: &Step) {
        let modem = self.training(step);
        let size = (modem.rate * EVERY / 8.0) as usize;
        let count = step.args.count("frames").unwrap_or(4);
        let only = step.args.option("only").map(places);
        let bad = step.args.option("bad").map(places).unwrap_or_default();
        let mut chunks = Vec::new();
        for number in
            (0..count).filter(|number| only.as_ref().is_none_or(|only| only.contains(number)))
        {
            let mut frame = vec![0xFF, 0xC0, 0x60, (number as u8).reverse_bits()];
            frame.extend((0..step.args.count("size").unwrap_or(256)).map(picture));
            chunks.extend(
                frame
                    .chunks(size)
                    .map(|octets| (ifp::HDLC_DATA, octets.to_vec())),
            );
            let end = if bad.contains(&number) {
                ifp::FCS_BAD
            } else {
                ifp::FCS_OK
            };
            chunks.push((end, Vec::new()));
        }
        for _ in 0..step.args.count("rcp").unwrap_or(3) {
            chunks.push((ifp::HDLC_DATA, vec![0xFF, 0xC0, 0x61]));
            chunks.push((ifp::FCS_OK, Vec::new()));
        }
        if self.run(step, modem, chunks) {
            self.field(modem.data_type, ifp::HDLC_SIG_END, &[]);
        }
    }

    /// Sends data at the modem's pace; false: it breaks off (`break=`).
    fn run(&mut self, step: &Step, modem: &Modem, chunks: Vec<(u8, Vec<u8>)>) -> bool {
        let stall = step.args.option("stall").map(|stall| {
            let (seconds, at) = stall.split_once('@').expect("stall=seconds@packet");
            (number(seconds), number(at) as usize)
        });
        let slow = step.args.number("slow").unwrap_or(1.0);
        for (place, (field_type, octets)) in chunks.into_iter().enumerate() {
            if step.args.count("break") == Some(place) {
                return false;
            }
            if let Some((seconds, _)) = stall.filter(|(_, at)| *at == place) {
                self.seconds += seconds;
            }
            self.field(modem.data_type, field_type, &octets);
            self.seconds += octets.len() as f64 * 8.0 / modem.rate * slow;
        }
        !step.args.all_plain().any(|word| word == "no-end")
    }
}

/// Octets that look like a coded picture.
pub(crate) fn picture(place: usize) -> u8 {
    (place as u32)
        .wrapping_add(1)
        .wrapping_mul(2_654_435_761)
        .to_be_bytes()[0]
        | 0x11
}
