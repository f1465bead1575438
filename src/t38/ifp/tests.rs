use proptest::prelude::*;

use super::*;

type Told<'o> = (DataType, Vec<(FieldType, &'o [u8])>);

/// Data with these fields.
fn data<'o>(data_type: DataType, fields: &[(FieldType, &'o [u8])]) -> Told<'o> {
    (data_type, fields.to_vec())
}

/// What was decoded, as [`data`] has it.
fn told(ifp: Ifp<'_>) -> Told<'_> {
    let Ifp::Data { data_type, fields } = ifp else {
        panic!("no data: {ifp:?}")
    };
    let fields = fields.map(|field| (field.field_type, field.octets));
    (data_type, fields.collect())
}

#[test]
fn decodes_indicators() {
    for indicator in Indicator::KNOWN {
        let code = indicator.code();
        let octets = if code < 16 {
            vec![code << 1]
        } else {
            (0x2000 | u16::from(code - 16) << 6).to_be_bytes().to_vec()
        };
        for encoding in [Encoding::Asn1998, Encoding::Asn2002] {
            assert_eq!(
                Ifp::decode(&octets, encoding),
                Ok(Ifp::Indicator(*indicator))
            );
        }
    }
}

#[test]
fn decodes_fields_of_1998() {
    // hdlc-data FF C8 31, hdlc-fcs-OK and hdlc-sig-end, the last two in one octet.
    let octets = [0xC0, 0x03, 0x80, 0x00, 0x02, 0xFF, 0xC8, 0x31, 0x21];
    let expected = data(
        DataType::V21,
        &[
            (FieldType::HdlcData, &[0xFF, 0xC8, 0x31]),
            (FieldType::HdlcFcsOk, &[]),
            (FieldType::HdlcSigEnd, &[]),
        ],
    );
    assert_eq!(
        Ifp::decode(&octets, Encoding::Asn1998).map(told),
        Ok(expected.clone())
    );
    // The same, each field on an octet.
    let octets = [0xC0, 0x03, 0x80, 0x00, 0x02, 0xFF, 0xC8, 0x31, 0x20, 0x10];
    assert_eq!(
        Ifp::decode(&octets, Encoding::Asn1998).map(told),
        Ok(expected)
    );
}

#[test]
fn decodes_fields_of_2002_in_both_layouts() {
    let expected = data(
        DataType::V21,
        &[(FieldType::HdlcFcsOk, &[]), (FieldType::HdlcSigEnd, &[])],
    );
    for octets in [[0xC0, 0x02, 0x10, 0x08], [0xC0, 0x02, 0x10, 0x40]] {
        assert_eq!(
            Ifp::decode(&octets, Encoding::Asn2002).map(told).as_ref(),
            Ok(&expected),
            "{octets:02x?}"
        );
    }
}

#[test]
fn decodes_extended_types() {
    // v34-pri-rate (10): addition 1; v34rate (11): addition 3, to the letter and as spandsp has it.
    let expected = data(DataType::V34PrimaryRate, &[(FieldType::V34Rate, b"288")]);
    for head in [[0xC1, 0x80], [0xC0, 0xC0]] {
        let mut octets = vec![0xE0, 0x40, 0x01];
        octets.extend(head);
        octets.extend([0x00, 0x02]);
        octets.extend(b"288");
        assert_eq!(
            Ifp::decode(&octets, Encoding::Asn2002).map(told).as_ref(),
            Ok(&expected)
        );
    }
}

#[test]
fn tells_the_encodings_apart() {
    // t4-non-ecm-data: 0xE0 in 1998, 0xB0 in 2002.
    let old = [0xD0, 0x01, 0xE0, 0x00, 0x00, 0x55];
    let new = [0xD0, 0x01, 0xB0, 0x00, 0x00, 0x55];
    let any = |octets| Ifp::decode_any(octets, Encoding::Asn2002).map(|(_, encoding)| encoding);
    assert_eq!(any(&old), Ok(Encoding::Asn1998));
    assert_eq!(any(&new), Ok(Encoding::Asn2002));
    assert!(is_valid(&old) && is_valid(&new));
}

#[test]
fn rejects_what_is_left_over_and_what_is_unknown() {
    for octets in [
        &[][..],
        &[0x06, 0x00],
        &[0x86, 0x01],
        &[0x52, 0x00],
        &[0x2F, 0xC0],
        &[0xC0, 0x01, 0x80, 0x00, 0x05, 0xFF],
    ] {
        for encoding in [Encoding::Asn1998, Encoding::Asn2002] {
            assert!(Ifp::decode(octets, encoding).is_err(), "{octets:02x?}");
        }
        assert!(!is_valid(octets));
    }
}

#[test]
fn keeps_what_a_cut_packet_has() {
    let octets = [0xC0, 0x01, 0x80, 0x00, 0x05, 0xFF, 0xC8];
    assert_eq!(
        Ifp::decode_cut(&octets, Encoding::Asn1998).map(|(ifp, whole)| (told(ifp), whole)),
        Ok((
            data(DataType::V21, &[(FieldType::HdlcData, &[0xFF, 0xC8])]),
            false
        ))
    );
}

proptest! {
    #[test]
    fn decodes_anything_without_panic(octets in proptest::collection::vec(any::<u8>(), 0..80)) {
        for encoding in [Encoding::Asn1998, Encoding::Asn2002] {
            let _ = Ifp::decode(&octets, encoding);
            let _ = Ifp::decode_cut(&octets, encoding);
            if let Ok((_, used)) = Ifp::decode_prefix(&octets, encoding) {
                prop_assert!(used <= octets.len());
            }
        }
    }
}
