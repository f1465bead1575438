//! Non-standard facilities (NSF, NSC, NSS): country and vendor by T.35.
//!
//! T.30 of 2003 says that the field is sent highest bit first; before, it did not say, and most terminals
//! send it lowest bit first, as they do identifications. So both orders are tried.

use crate::t30::capability::Capabilities;

/// Who a non-standard field belongs to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NonStandard {
    /// Country, as far as it can be told.
    pub country: Option<&'static str>,
    /// Vendor, where the table has it.
    pub vendor: Option<&'static str>,
    /// The readable text in it (at least four characters), if any. Text of the network.
    pub text: Option<String>,
}

/// Reads the FIF of an NSF, NSC or NSS, in the order of T.38.
pub fn decode(fif: &[u8]) -> NonStandard {
    let mirrored: Vec<u8> = fif.iter().map(|octet| octet.reverse_bits()).collect();
    let vendor = vendor(&mirrored).or_else(|| vendor(fif));
    NonStandard {
        country: vendor
            .map(|(country, _)| country)
            .or_else(|| fif.first().and_then(|octet| country(*octet))),
        vendor: vendor.map(|(_, name)| name),
        text: longest_text(&mirrored).or_else(|| longest_text(fif)),
    }
}

/// Octets of country and maker before what the maker makes of an NSS.
const MAKER: usize = 3;

/// The FIF of a DCS that stands in an NSS behind the code of the maker, as gateways of Cisco send it to each other.
/// `None` where what stands there is none: another start, or a modem that there is not.
pub fn dcs_inside(fif: &[u8]) -> Option<&[u8]> {
    let dcs = fif.get(MAKER..)?;
    let bits = Capabilities::new(dcs);
    let known = bits.as_command().modem.rate > 0;
    // Bits 1 to 9 are 0, and bit 10 has the receiver receive (T.30 table 2); octet 3 is there, and extends.
    let fits = dcs.first() == Some(&0) && !bits.bit(9) && bits.bit(10);
    (fits && known && dcs.len() >= 3).then_some(dcs)
}

/// Countries whose terminals are everywhere: taken in whichever order of bits they appear (0xAD is the
/// United States mirrored, and not Tunisia).
const USUAL: &[u8] = &[0x00, 0x04, 0x26, 0x3D, 0x61, 0xB4, 0xB5];

/// Country of the first octet.
fn country(octet: u8) -> Option<&'static str> {
    let mirrored = octet.reverse_bits();
    let usual = [octet, mirrored]
        .into_iter()
        .find(|code| USUAL.contains(code));
    usual
        .and_then(country_name)
        .or_else(|| country_name(mirrored))
        .or_else(|| country_name(octet))
}

/// T.35 Annex A, the countries that matter in fax.
fn country_name(code: u8) -> Option<&'static str> {
    Some(match code {
        0x00 => "Japan",
        0x04 | 0x42 => "Germany",
        0x07 => "Argentina",
        0x09 => "Australia",
        0x0A => "Austria",
        0x0F => "Belgium",
        0x16 => "Brazil",
        0x20 => "Canada",
        0x26 => "China",
        0x31 => "Denmark",
        0x3C => "Finland",
        0x3D => "France",
        0x50 => "Hong Kong",
        0x53 => "India",
        0x57 => "Ireland",
        0x58 => "Israel",
        0x59 => "Italy",
        0x61 => "Korea",
        0x6C => "Malaysia",
        0x73 => "Mexico",
        0x7B => "Netherlands",
        0x7E => "New Zealand",
        0x82 => "Norway",
        0x9C => "Singapore",
        0x9F => "South Africa",
        0xA0 => "Spain",
        0xA5 => "Sweden",
        0xA6 => "Switzerland",
        0xA9 => "Thailand",
        0xAE => "Turkey",
        0xB4 => "United Kingdom",
        0xB5 => "United States",
        0xFE => "Taiwan",
        _ => return None,
    })
}

/// Codes as they read lowest bit first (the usual way), country included. From the table that HylaFAX and
/// spandsp share; only vendors of fax terminals, and none that the table itself doubts.
const VENDORS: &[(&[u8], &str, &str)] = &[
    (&[0x00, 0x00, 0x01], "Japan", "Anritsu"),
    (&[0x00, 0x00, 0x09], "Japan", "Xerox/Toshiba"),
    (&[0x00, 0x00, 0x0E], "Japan", "Panasonic"),
    (&[0x00, 0x00, 0x11], "Japan", "Canon"),
    (&[0x00, 0x00, 0x19], "Japan", "Xerox"),
    (&[0x00, 0x00, 0x21], "Japan", "OKI/Lanier"),
    (&[0x00, 0x00, 0x25], "Japan", "Ricoh"),
    (&[0x00, 0x00, 0x26], "Japan", "Konica"),
    (&[0x00, 0x00, 0x2D], "Japan", "Sony"),
    (&[0x00, 0x00, 0x31], "Japan", "Sharp/Olivetti"),
    (&[0x00, 0x00, 0x39], "Japan", "Panasonic"),
    (&[0x00, 0x00, 0x45], "Japan", "Muratec"),
    (&[0x00, 0x00, 0x48], "Japan", "Muratec"),
    (&[0x00, 0x00, 0x51], "Japan", "Sanyo"),
    (&[0x00, 0x00, 0x56], "Japan", "Brother"),
    (&[0x00, 0x00, 0x59], "Japan", "Fujitsu"),
    (&[0x00, 0x00, 0x61], "Japan", "Casio"),
    (&[0x00, 0x00, 0x66], "Japan", "Utax/Mita"),
    (&[0x00, 0x00, 0x79], "Japan", "Panasonic"),
    (&[0x00, 0x10, 0x00], "Japan", "Funai"),
    (&[0x00, 0x70, 0x00], "Japan", "Kyocera"),
    (&[0x00, 0xB0, 0x00], "Japan", "Minolta"),
    (&[0x20, 0x41], "Germany", "Siemens"),
    (&[0x20, 0x42], "Germany", "Deutsche Telekom"),
    (&[0x20, 0x81, 0x00], "Germany", "innovaphone"),
    (&[0x20, 0x81, 0x80], "Germany", "AVM"),
    (&[0x20, 0x81, 0xC0], "Germany", "Eicon"),
    (&[0x20, 0xC2], "Germany", "Deutsche Telekom"),
    (&[0x20, 0xD1], "Germany", "Ferrari electronic"),
    (&[0x61, 0x00, 0x7A], "Korea", "Xerox"),
    (&[0x86, 0x00, 0x10], "Korea", "Samsung"),
    (&[0x86, 0x00, 0x16], "Korea", "Samsung"),
    (&[0x86, 0x00, 0x5A], "Korea", "Samsung"),
    (&[0x86, 0x00, 0x8C], "Korea", "Samsung"),
    (&[0x86, 0x00, 0x98], "Korea", "Samsung"),
    (&[0x86, 0x00, 0xA2], "Korea", "Samsung"),
    (&[0x86, 0x00, 0xC2], "Korea", "Samsung"),
    (&[0x86, 0x00, 0xDA], "Korea", "Xerox"),
    (&[0xAD, 0x00, 0x00], "United States", "Pitney Bowes"),
    (&[0xAD, 0x00, 0x0C], "United States", "Dialogic"),
    (&[0xAD, 0x00, 0x15], "United States", "Lexmark"),
    (&[0xAD, 0x00, 0x16], "United States", "JetFax"),
    (&[0xAD, 0x00, 0x36], "United States", "HP"),
    (&[0xAD, 0x00, 0x46], "United States", "Brooktrout"),
    (&[0xAD, 0x00, 0x51], "United States", "Telogy Networks"),
    (&[0xAD, 0x00, 0x55], "United States", "HylaFAX"),
    (&[0xAD, 0x00, 0x5C], "United States", "IBM"),
    (&[0xB5, 0x00, 0x20], "United States", "Conexant"),
    (&[0xB5, 0x00, 0x30], "United States", "Dialogic"),
    (&[0xB5, 0x00, 0x60], "United States", "Commetrex"),
    (&[0xB5, 0x00, 0x62], "United States", "Brooktrout"),
    (&[0xB5, 0x00, 0x64], "United States", "GammaLink"),
    (&[0xB5, 0x00, 0x66], "United States", "Castelle"),
    (&[0xB5, 0x00, 0x6C], "United States", "HP"),
    (&[0xB5, 0x00, 0x6E], "United States", "Microsoft"),
    (&[0xB5, 0x00, 0x76], "United States", "Microsoft"),
    (&[0xB5, 0x00, 0x7A], "United States", "Pitney Bowes"),
    (&[0xB5, 0x00, 0x8A], "United States", "Telogy Networks"),
    (&[0xB5, 0x00, 0x98], "United States", "Xerox"),
    (&[0xB5, 0x00, 0x9C], "United States", "Natural Microsystems"),
    (&[0xB5, 0x00, 0xA2], "United States", "Murata"),
    (&[0xB5, 0x00, 0xA4], "United States", "Lanier"),
    (&[0xB5, 0x00, 0xAA], "United States", "HylaFAX"),
    (&[0xBC, 0x53, 0x01], "France", "Minolta"),
];

fn vendor(octets: &[u8]) -> Option<(&'static str, &'static str)> {
    VENDORS
        .iter()
        .find(|(code, ..)| octets.starts_with(code))
        .map(|(_, country, name)| (*country, *name))
}

/// The longest run of at least four letters, digits and spaces.
fn longest_text(octets: &[u8]) -> Option<String> {
    let readable =
        |octet: &u8| octet.is_ascii_alphanumeric() || matches!(octet, b' ' | b'-' | b'.' | b'/');
    octets
        .split(|octet| !readable(octet))
        .map(<[u8]>::trim_ascii)
        .filter(|run| run.len() >= 4 && run.iter().any(u8::is_ascii_alphabetic))
        .max_by_key(|run| run.len())
        .map(|run| run.iter().map(|octet| char::from(*octet)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_spandsp() {
        let fif = [
            0x0A, 0x00, 0x00, 0x00, 0xCA, 0x0E, 0x86, 0x76, 0x26, 0xCE, 0x0E, 0x00,
        ];
        let nsf = decode(&fif);
        assert_eq!(nsf.country, Some("Hong Kong"));
        assert_eq!(nsf.vendor, None);
        assert_eq!(nsf.text.as_deref(), Some("Spandsp"));
    }

    #[test]
    fn a_dcs_may_stand_in_an_nss() {
        let nss = [
            0x00, 0x00, 0x66, 0x00, 0x60, 0x1F, 0x21, 0x00, 0x01, 0xAA, 0xAA,
        ];
        let mode = dcs_inside(&nss).map(|dcs| Capabilities::new(dcs).as_command());
        let mode = mode.unwrap();
        assert_eq!(
            (mode.modem.name, mode.modem.rate, mode.ecm),
            ("V.29", 9600, true)
        );
        assert_eq!((mode.compression, mode.resolution), ("MH", "204x98"));
        // Another start, nothing that receives, a modem that there is not.
        for other in [
            &nss[..3],
            &[0, 0, 0x66, 0x10, 0x60, 0x1F],
            &[0, 0, 0x66, 0, 0x20, 0x1F],
            &[0, 0, 0x66, 0, 0x7C, 0x1F],
        ] {
            assert_eq!(dcs_inside(other), None, "{other:?}");
        }
    }

    #[test]
    fn reads_either_order() {
        for fif in [[0xB5, 0x00, 0xAA], [0xAD, 0x00, 0x55]] {
            let nsf = decode(&fif);
            assert_eq!(
                (nsf.country, nsf.vendor),
                (Some("United States"), Some("HylaFAX"))
            );
        }
        assert_eq!(decode(&[0xAD, 0x12]).country, Some("United States"));
        assert_eq!(decode(&[]), NonStandard::default());
    }

    #[test]
    fn vendors_are_in_order_and_without_doubles() {
        assert!(VENDORS.is_sorted_by(|(a, ..), (b, ..)| a < b));
    }
}
