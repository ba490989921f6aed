"""Signed exports, read back by the reference reader of C2PA."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import replace
from pathlib import Path

import av
import c2pa
import pytest
from mutagen.id3 import ID3
from mutagen.mp4 import MP4

from pipeline.engines.embedded.files import FileStore
from pipeline.engines.fake import MemoryStore
from pipeline.errors import ConfigError
from pipeline.exports import formats
from pipeline.exports.provenance.claim import RULES
from pipeline.exports.provenance.signer import Signing, signer
from pipeline.exports.source import edition
from pipeline.exports.transcript import Transcript
from pipeline.ports import Store
from tests.exports.provenance.signing import own_certificate, read, signer_of
from tests.exports.stored import ARABIC, ID, manifest, stored

UNTRUSTED = "signingCredential.untrusted"
SIGNED = [name for name, each in formats.FORMATS.items() if each.origin]
Files = dict[str, tuple[bytes, bytes]]
IPTC = "http://cv.iptc.org/newscodes/digitalsourcetype/"


@pytest.fixture(scope="module")
def store() -> MemoryStore:
    store = MemoryStore()
    stored(store, manifest(ARABIC, "الحلزون", "ar", context="Lina is afraid", idea="Lina is afraid"))
    return store


@pytest.fixture(scope="module")
def story(store: MemoryStore) -> Transcript:
    return edition(store, ID, "ar")


@pytest.fixture(scope="module")
def files(store: MemoryStore, story: Transcript) -> Files:
    """By format: without a signature, and with one."""
    own = signer_of(store)
    plain = {name: formats.content(name, store, [story]) for name in SIGNED}
    types = {name: (formats.FORMATS[name].media_type, formats.FORMATS[name].origin) for name in SIGNED}
    return {name: (data, own.sign(data, *types[name], [story])) for name, data in plain.items()}


def signed_png(
    files: Files,
    story: Transcript,
    own: Store,
    story_id: str = ID,
    signing: Signing = Signing(),  # noqa: B008
) -> bytes:
    story = replace(story, story_id=story_id)
    return signer_of(own, signing).sign(files["png"][0], "image/png", RULES, [story])


def test_what_c2pa_can_sign_is_signed() -> None:
    supported = set(c2pa.Builder.get_supported_mime_types())
    assert [name for name, each in formats.FORMATS.items() if each.media_type in supported] == SIGNED


@pytest.mark.parametrize("name", SIGNED)
def test_the_reader_finds_it_whole_and_its_signer_unknown(files: Files, name: str) -> None:
    state, failures, _ = read(files[name][1], formats.FORMATS[name].media_type)
    assert (state, failures) == ("Valid", {UNTRUSTED})


@pytest.mark.parametrize(("name", "mismatch"), [("mp3", "assertion.dataHash"), ("m4b", "assertion.bmffHash")])
def test_a_byte_of_the_sound_that_was_changed_is_noticed(files: Files, name: str, mismatch: str) -> None:
    plain, signed = files[name]
    place = signed.rindex(plain[-1000:-800] if name == "mp3" else plain[-900:-800]) + 50
    changed = signed[:place] + bytes([signed[place] ^ 1]) + signed[place + 1 :]
    state, failures, _ = read(changed, formats.FORMATS[name].media_type)
    assert (state, failures) == ("Invalid", {UNTRUSTED, f"{mismatch}.mismatch"})


def test_a_sound_that_was_changed_in_a_book_is_noticed(files: Files) -> None:
    changed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(files["epub"][1])) as book, zipfile.ZipFile(changed, "w") as other:
        for entry in book.infolist():
            data = book.read(entry)
            other.writestr(entry, data[:-1] + b"." if entry.filename.endswith(".mp3") else data)
    state, failures, _ = read(changed.getvalue(), "application/epub+zip")
    assert (state, failures) == ("Invalid", {UNTRUSTED, "assertion.collectionHash.mismatch"})


def test_it_claims_how_it_was_made_and_nothing_of_the_family(
    files: Files,
) -> None:
    origins = {}
    for name in SIGNED:
        _, _, claimed = read(files[name][1], formats.FORMATS[name].media_type)
        assert claimed["title"] == "الحلزون"
        assert claimed["claim_generator_info"][0]["name"] == "stories"
        (actions,) = (each for each in claimed["assertions"] if each["label"].startswith("c2pa.actions"))
        (action,) = actions["data"]["actions"]
        assert action["action"] == "c2pa.created"
        assert "when" not in action
        origins[action["digitalSourceType"], action["softwareAgent"]["name"]] = name
        assert "Lina" not in json.dumps(claimed)
        others = {each["label"] for each in claimed["assertions"] if each is not actions}
        assert others <= {"c2pa.hash.bmff.v3", "c2pa.hash.collection.data", "c2pa.hash.data"}
    assert list(origins) == [
        (f"{IPTC}trainedAlgorithmicMedia", "fake/speech/1 (fake), fake/text/1"),
        (f"{IPTC}algorithmicMedia", "stories"),
    ]


def test_the_title_of_a_private_story_is_not_claimed(files: Files, story: Transcript) -> None:
    assert "title" not in read(signed_png(files, story, MemoryStore(), f"p{ID}"), "image/png")[2]


def test_what_it_was_is_in_it_still(files: Files) -> None:
    plain, signed = (ID3(io.BytesIO(data)) for data in files["mp3"])
    assert {*plain, "GEOB:c2pa manifest store"} == set(signed)
    assert bytes(signed.getall("APIC")[0].data) == files["png"][0]
    assert files["mp3"][1].endswith(files["mp3"][0][plain.size :])
    book = zipfile.ZipFile(io.BytesIO(files["epub"][1]))
    first = book.infolist()[0]
    assert (first.filename, first.compress_type) == ("mimetype", zipfile.ZIP_STORED)
    assert dict(MP4(io.BytesIO(files["m4b"][0]))) == dict(MP4(io.BytesIO(files["m4b"][1])))
    sounds = []
    for data in files["m4b"]:
        with av.open(io.BytesIO(data)) as container:
            assert [each["metadata"]["title"] for each in container.chapters()] == ["الحلزون"]
            sounds.append(b"".join(frame.to_ndarray().tobytes() for frame in container.decode(audio=0)))
    assert sounds[0] == sounds[1]


def test_a_store_keeps_its_certificate_where_its_owner_alone_reads_it(
    tmp_path: Path, files: Files, story: Transcript
) -> None:
    own = FileStore(tmp_path)
    first, second = (read(signed_png(files, story, own), "image/png")[2]["signature_info"] for _ in range(2))
    assert first["cert_serial_number"] == second["cert_serial_number"]
    path = own.path("server/signing.pem")
    assert path.stat().st_mode & 0o777 == 0o600
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(ConfigError, match="of the store is damaged: delete that file"):
        signed_png(files, story, own)


def test_a_persons_own_certificate_signs(tmp_path: Path, files: Files, story: Transcript) -> None:
    chain, key = own_certificate()
    signing = Signing(tmp_path / "chain.pem", tmp_path / "key.pem")
    (tmp_path / "chain.pem").write_bytes(chain)
    (tmp_path / "key.pem").write_bytes(key)
    kept = MemoryStore()
    data = signed_png(files, story, kept, signing=signing)
    state, failures, claimed = read(data, "image/png")
    assert (state, failures) == ("Valid", {UNTRUSTED})
    assert (claimed["signature_info"]["alg"], claimed["signature_info"]["issuer"]) == ("Es384", "A Publisher")
    assert list(kept.list("")) == []
    trusted = c2pa.Context(c2pa.Settings.from_dict({"trust": {"user_anchors": chain.decode()}}))
    with trusted, c2pa.Reader("image/png", io.BytesIO(data), context=trusted) as reader:
        assert reader.get_validation_state() == "Trusted"


def test_a_certificate_that_cannot_sign_is_a_setting_to_mend(
    tmp_path: Path, files: Files, story: Transcript
) -> None:
    chain, key = tmp_path / "chain.pem", tmp_path / "key.pem"
    signing = Signing(chain, key)
    for certificates, private, why in (
        (b"", b"", "are not a certificate and its private key in PEM"),
        (own_certificate()[0], b"", "are not a certificate and its private key in PEM"),
        (own_certificate()[0], own_certificate()[1], "cannot sign"),  # another's key
    ):
        chain.write_bytes(certificates)
        key.write_bytes(private)
        with pytest.raises(ConfigError, match=why) as raised:
            signed_png(files, story, MemoryStore(), signing=signing)
        assert raised.value.problem == "bad-setting"
    chain.unlink()
    with pytest.raises(ConfigError, match="cannot be read"):
        signed_png(files, story, MemoryStore(), signing=signing)


@pytest.mark.parametrize(
    "environ",
    [{"STORIES_SIGN_CERT": "a.pem"}, {"STORIES_SIGN_KEY": "a.pem"}, {"STORIES_SIGN_TSA": "ftp://a"}],
)
def test_half_a_setting_is_refused(environ: dict[str, str]) -> None:
    with pytest.raises(ConfigError):
        Signing.from_env(environ)


def test_nothing_is_signed_where_that_is_not_wanted() -> None:
    assert signer(Signing.from_env({"STORIES_SIGN": "0"}), MemoryStore()) is None


@pytest.mark.parametrize("name", ["vtt", "print", "epub"])
def test_what_has_no_place_for_a_signature_says_it_in_the_same_code(
    files: Files, store: MemoryStore, story: Transcript, name: str
) -> None:
    data = files[name][0] if name in files else formats.content(name, store, [story], signer_of(store))
    assert f"{IPTC}trainedAlgorithmicMedia".encode() in data
