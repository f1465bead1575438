//! The `a=T38..` attributes (T.38 Annex D; as `a=fmtp` parameters: RFC 4612), whatever their spelling.

use super::split_attribute;
use crate::sip::{Flag, T38Attributes};

/// Attributes of unusual spelling that are kept.
const MAX_UNUSUAL: usize = 64;

/// An attribute by its meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum T38Name {
    /// `T38FaxVersion`
    Version,
    /// `T38MaxBitRate`
    MaxBitRate,
    /// `T38FaxRateManagement`
    RateManagement,
    /// `T38FaxMaxBuffer`
    MaxBuffer,
    /// `T38FaxMaxDatagram`
    MaxDatagram,
    /// `T38FaxUdpEC`
    UdpEc,
    /// `T38FaxFillBitRemoval`
    FillBitRemoval,
    /// `T38FaxTranscodingMMR`
    TranscodingMmr,
    /// `T38FaxTranscodingJBIG`
    TranscodingJbig,
    /// Known, but nothing here depends on it: vendor info, attributes of later versions.
    Other,
}

/// Spelling of T.38, meaning, and the keys that other spellings come down to (without `T38`, `Fax` and
/// case): Asterisk, for one, takes `T38FaxMaxRate` and `T38MaxDatagram`.
const NAMES: [(&str, T38Name, &[&str]); 14] = [
    ("T38FaxVersion", T38Name::Version, &["version"]),
    (
        "T38MaxBitRate",
        T38Name::MaxBitRate,
        &["maxbitrate", "maxrate", "bitrate"],
    ),
    (
        "T38FaxRateManagement",
        T38Name::RateManagement,
        &["ratemanagement", "ratemanagment", "ratemgmt"],
    ),
    (
        "T38FaxMaxBuffer",
        T38Name::MaxBuffer,
        &["maxbuffer", "maxbuffersize"],
    ),
    (
        "T38FaxMaxDatagram",
        T38Name::MaxDatagram,
        &["maxdatagram", "maxdatagramsize"],
    ),
    (
        "T38FaxUdpEC",
        T38Name::UdpEc,
        &["udpec", "udperrorcorrection", "ec"],
    ),
    (
        "T38FaxFillBitRemoval",
        T38Name::FillBitRemoval,
        &["fillbitremoval"],
    ),
    (
        "T38FaxTranscodingMMR",
        T38Name::TranscodingMmr,
        &["transcodingmmr"],
    ),
    (
        "T38FaxTranscodingJBIG",
        T38Name::TranscodingJbig,
        &["transcodingjbig"],
    ),
    ("T38VendorInfo", T38Name::Other, &["vendorinfo"]),
    ("T38FaxMaxIFP", T38Name::Other, &["maxifp"]),
    ("T38FaxUdpECDepth", T38Name::Other, &["udpecdepth"]),
    ("T38FaxUdpFECMaxSpan", T38Name::Other, &["udpfecmaxspan"]),
    ("T38ModemType", T38Name::Other, &["modemtype"]),
];

/// The meaning of an attribute name, and whether it is spelled as in T.38; `None` for an unknown one.
pub fn meaning(name: &str) -> Option<(T38Name, bool)> {
    let lower = name.to_ascii_lowercase();
    let key = lower.strip_prefix("t38")?;
    let key = key.strip_prefix("fax").unwrap_or(key);
    NAMES
        .iter()
        .find(|(_, _, keys)| keys.contains(&key))
        .map(|(spelling, meaning, _)| (*meaning, *spelling == name))
}

/// Name and value of a T.38 attribute; `:`, `=` or space may stand between them.
pub fn split(attribute: &str) -> Option<(&str, &str)> {
    let attribute = attribute.trim();
    let end = attribute
        .find(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '-')
        .unwrap_or(attribute.len());
    let (name, rest) = attribute.split_at_checked(end)?;
    name.get(..3)?.eq_ignore_ascii_case("t38").then(|| {
        (
            name,
            rest.trim_start_matches(|c: char| matches!(c, ':' | '=') || c.is_ascii_whitespace())
                .trim(),
        )
    })
}

/// Takes an attribute (without `a=`) into account if it is one of T.38.
pub(super) fn read(t38: &mut T38Attributes, attribute: &str) {
    let Some((name, value)) = split(attribute) else {
        return;
    };
    let known = meaning(name);
    let unusual = known.is_none_or(|(meaning, as_in_t38)| meaning == T38Name::Other || !as_in_t38);
    if unusual && t38.unusual.len() < MAX_UNUSUAL {
        t38.unusual.push((attribute.to_owned(), known.is_some()));
    }
    match known {
        Some((T38Name::Version, _)) => t38.version = number(value).or(t38.version),
        Some((T38Name::MaxBitRate, _)) => t38.max_bit_rate = number(value).or(t38.max_bit_rate),
        Some((T38Name::MaxBuffer, _)) => t38.max_buffer = number(value).or(t38.max_buffer),
        Some((T38Name::MaxDatagram, _)) => t38.max_datagram = number(value).or(t38.max_datagram),
        Some((T38Name::RateManagement, _)) => {
            t38.rate_management = text(value).or_else(|| t38.rate_management.take());
        }
        Some((T38Name::UdpEc, _)) => t38.udp_ec = text(value).or_else(|| t38.udp_ec.take()),
        Some((T38Name::FillBitRemoval, _)) => t38.fill_bit_removal = Some(flag(value)),
        Some((T38Name::TranscodingMmr, _)) => t38.transcoding_mmr = Some(flag(value)),
        Some((T38Name::TranscodingJbig, _)) => t38.transcoding_jbig = Some(flag(value)),
        Some((T38Name::Other, _)) | None => {}
    }
}

/// Takes `fmtp:98 T38FaxVersion=2;T38FaxRateManagement=transferredTCF` into account, if the payload type
/// is one of those given.
pub(super) fn read_parameters(t38: &mut T38Attributes, attribute: &str, payload_types: &[u8]) {
    let (name, value) = split_attribute(attribute);
    if !name.eq_ignore_ascii_case("fmtp") {
        return;
    }
    let Some((payload_type, parameters)) = value.split_once(|c: char| c.is_ascii_whitespace())
    else {
        return;
    };
    if payload_type
        .parse()
        .is_ok_and(|number| payload_types.contains(&number))
    {
        for parameter in parameters.split(';') {
            read(t38, parameter);
        }
    }
}

fn number(value: &str) -> Option<u32> {
    let digits = value.bytes().take_while(u8::is_ascii_digit).count();
    value.get(..digits)?.parse().ok()
}

fn text(value: &str) -> Option<String> {
    value.split_ascii_whitespace().next().map(str::to_owned)
}

fn flag(value: &str) -> Flag {
    match value {
        "" => Flag::Present,
        off if off.trim_start_matches('0').is_empty() => Flag::Zero,
        off if ["no", "off", "false"]
            .iter()
            .any(|word| off.eq_ignore_ascii_case(word)) =>
        {
            Flag::Zero
        }
        _ => Flag::One,
    }
}
