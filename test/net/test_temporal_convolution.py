import torch

from stf2m_ros.net.temporal_convolution import GatedPooling


def test_what_all_regions_share_counts_as_if_it_were_added_to_each_of_them() -> None:
    torch.manual_seed(0)
    pooling = GatedPooling(dim=6, slots_per_segment=5)
    x, absent, place = torch.randn(2, 20, 3, 6), torch.randn(6), torch.randn(20, 6)
    presence = (torch.rand(2, 20) < 0.7).float()
    seen = presence[..., None, None]
    placed = x * seen + absent * (1 - seen) + place[:, None]
    segments = placed.unflatten(1, (4, 5)).transpose(2, 3).flatten(-2)  # (B, S, R, k * D)
    with torch.no_grad():
        torch.testing.assert_close(pooling(x, presence, absent, place), pooling.gate(segments), atol=1e-6, rtol=1e-5)


def test_what_an_absent_slot_holds_does_not_matter() -> None:
    torch.manual_seed(0)
    pooling, presence = GatedPooling(dim=6, slots_per_segment=5), torch.zeros(1, 10)
    one, other = (pooling(torch.randn(1, 10, 3, 6), presence, torch.ones(6), torch.zeros(10, 6)) for _ in range(2))
    assert torch.equal(one, other)
