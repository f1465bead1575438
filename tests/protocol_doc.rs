//! docs/protocol.md lists the code points as the program names them: its tables come from the enums.
//! `UPDATE_DOCS=1 cargo test --test protocol_doc` writes it anew.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "a test")]

use std::fmt::Write as _;
use std::path::Path;

use faxflow::api::t30::Fcf;
use faxflow::api::t30::capability::BITS;
use faxflow::api::t38::{DataType, FieldType, Indicator};

const HEAD: &str = "# T.38 and T.30 as faxflow names them

The tables are made from the code by `UPDATE_DOCS=1 cargo test --test protocol_doc`; a test fails when they differ.

## Traps

* **Bit order.** Octets are in the order of T.38: the first bit on the line is the highest. DIS is 0x01 here and
  in Wireshark, 0x80 in spandsp. Numbers in PPS and FCD and the characters of identifications are sent lowest bit
  first, so they stand mirrored in the octet; `t30::fif` turns them round, and nothing else does.
* **X bit.** The highest bit of an FCF is the X bit (1: sent by the terminal that received a DIS), except where it
  tells two messages apart: DIS and DTC, CSI and CIG, NSF and NSC, TK and RK. Wireshark prints DTC as DIS.
* **Two encodings.** The ASN.1 of 1998 (T38FaxVersion 0) has field types of 4 bits with the presence bit, that of
  2002 of 5. Indicators and `hdlc-data` are the same in both, and `hdlc-fcs-OK` of 1998 (0x20) is
  `hdlc-fcs-OK-sig-end` of 2002: so the encoding is told over all packets of a sender, and not by the SDP.
* **Two layouts.** In aligned PER, fields without data follow each other by the bit; much software begins each field
  on an octet. Both are read.
* **Copies.** Secondary IFP packet k (from 0) of UDPTL packet n is packet n - 1 - k. FEC entry m of packet n is the
  XOR of the packets n + m - entries x k for k = 1 to span; shorter packets count as padded with zeros.
* **No FCS.** T.38 carries no check sequence, only what the gateway says of it (`hdlc-fcs-OK`, `hdlc-fcs-BAD`). A frame
  with octets in a lost packet is marked as damaged, whatever the gateway says.
* **RTP or UDPTL.** Sequence numbers 0x8000 to 0xBFFF look like RTP. The content decides: every length fits and every
  IFP packet is valid, or it is no T.38.
";

fn row(out: &mut String, cells: &[String]) {
    let _ = writeln!(out, "| {} |", cells.join(" | "));
}

fn table(out: &mut String, title: &str, columns: &[&str]) {
    let _ = write!(out, "\n## {title}\n\n");
    row(
        out,
        &columns
            .iter()
            .map(|&name| name.to_owned())
            .collect::<Vec<_>>(),
    );
    row(out, &vec!["---".to_owned(); columns.len()]);
}

fn render() -> String {
    let mut out = HEAD.to_owned();
    table(&mut out, "Indicators (`t30-indicator`)", &["code", "name"]);
    for indicator in Indicator::KNOWN {
        row(
            &mut out,
            &[indicator.code().to_string(), format!("`{indicator}`")],
        );
    }
    table(
        &mut out,
        "Data types (`t30-data`)",
        &["code", "name", "modem"],
    );
    for data_type in DataType::KNOWN {
        let modem = data_type.modem().to_string();
        row(
            &mut out,
            &[
                data_type.code().to_string(),
                format!("`{data_type}`"),
                modem,
            ],
        );
    }
    table(&mut out, "Field types (`field-type`)", &["code", "name"]);
    for field_type in FieldType::KNOWN {
        row(
            &mut out,
            &[field_type.code().to_string(), format!("`{field_type}`")],
        );
    }
    table(
        &mut out,
        "Facsimile control field (T.30 5.3.6.1)",
        &["name", "X = 0", "X = 1", "meaning", "from", "for"],
    );
    for fcf in Fcf::KNOWN {
        let x = if fcf.has_x_bit() {
            format!("{:02X}", fcf.code() | 0x80)
        } else {
            "-".to_owned()
        };
        let cells = [
            fcf.to_string(),
            format!("{:02X}", fcf.code()),
            x,
            fcf.long_name().unwrap().to_owned(),
            format!("{:?}", fcf.sent_by()).to_lowercase(),
            format!("{:?}", fcf.class()).to_lowercase(),
        ];
        row(&mut out, &cells);
    }
    table(
        &mut out,
        "Bits of DIS, DTC and DCS (T.30 Table 2)",
        &["bits", "name", "1 in DIS, DTC", "1 in DCS"],
    );
    for bit in BITS {
        let number = if bit.number == bit.last {
            bit.number.to_string()
        } else {
            format!("{}-{}", bit.number, bit.last)
        };
        let cells = [
            number,
            bit.name.to_owned(),
            bit.dis.to_owned(),
            bit.dcs.to_owned(),
        ];
        row(
            &mut out,
            &cells.map(|cell| {
                if cell.is_empty() {
                    "-".to_owned()
                } else {
                    cell
                }
            }),
        );
    }
    out
}

#[test]
fn tables_are_those_of_the_code() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/protocol.md");
    let rendered = render();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &rendered).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == rendered,
        "docs/protocol.md is not what the code says; run UPDATE_DOCS=1 cargo test --test protocol_doc"
    );
}
