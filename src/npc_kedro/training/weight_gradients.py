"""The gradient of a convolution's weights as a product of matrices, where the processor's own way is slow.

On CPUs that have AVX2 but not AVX-512, torch's convolutions of channels-last images compute this gradient at about half
the speed of their other two passes. Laid out as a matrix (im2col), it runs at the speed of a matrix product. The other
passes, and all that is stored, stay torch's own; numbers differ by rounding. ``benchmarks.training`` measures it.
"""

from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812
from torch import nn
from torch.autograd.function import once_differentiable

Pair = tuple[int, int]

_MATRIX_FLOATS = 2**20
"""What the laid-out images of one product hold: 4 MB, unless one image alone holds more."""
_FEWEST_CHANNELS = 16
"""Of the input; a first layer's three make a product too narrow to pay (a third of torch's own speed)."""
_FEWEST_WEIGHTS = 4096


def pays_on(device: torch.device) -> bool:
    """Whether the hardware is one on which this was measured to be faster."""
    return device.type == "cpu" and torch.backends.cpu.get_cpu_capability() == "AVX2"


def use_products(network: nn.Module) -> nn.Module:
    """The same network, its larger ungrouped convolutions turned into :class:`ProductConvolution` in place."""
    for module in network.modules():
        if type(module) is nn.Conv2d and _large_enough(module):
            module.__class__ = ProductConvolution
    return network


def _large_enough(module: nn.Conv2d) -> bool:
    plain = module.groups == 1 and module.padding_mode == "zeros" and not isinstance(module.padding, str)
    return plain and module.in_channels >= _FEWEST_CHANNELS and module.weight.numel() >= _FEWEST_WEIGHTS


class ProductConvolution(nn.Conv2d):
    """A convolution in fp32 whose weights' gradient is computed by :func:`weight_gradient`."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """(b, c, h, w) to (b, k, h', w')."""
        return _Convolution.apply(images, self.weight, self.bias, self.stride, self.padding, self.dilation)  # type: ignore[no-any-return]


class _Convolution(torch.autograd.Function):
    @staticmethod
    def forward(  # type: ignore[override]
        ctx: Any,
        images: torch.Tensor,
        weight: torch.Tensor,
        bias: torch.Tensor | None,
        stride: Pair,
        padding: Pair,
        dilation: Pair,
    ) -> torch.Tensor:
        ctx.save_for_backward(images, weight)
        ctx.geometry = (stride, padding, dilation)
        return F.conv2d(images, weight, bias, stride, padding, dilation)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor | None, ...]:  # type: ignore[override]
        images, weight = ctx.saved_tensors
        stride, padding, dilation = ctx.geometry
        to_images, to_weight, to_bias = ctx.needs_input_grad[:3]
        of_images = of_weight = of_bias = None
        if to_images:
            of_images = torch.ops.aten.convolution_backward(
                gradient, images, weight, None, stride, padding, dilation, False, (0, 0), 1, (True, False, False)
            )[0]
        if to_weight:
            of_weight = weight_gradient(
                images, gradient, kernel=weight.shape[2:], stride=stride, padding=padding, dilation=dilation
            )
        if to_bias:
            of_bias = gradient.sum((0, 2, 3))
        return of_images, of_weight, of_bias, None, None, None


def weight_gradient(
    images: torch.Tensor, gradient: torch.Tensor, *, kernel: Pair, stride: Pair, padding: Pair, dilation: Pair
) -> torch.Tensor:
    """Gradient of a convolution's weights.

    Args:
        images: (b, c, h, w), its input.
        gradient: (b, k, h', w'), of its output.
        kernel: height and width of the weights, as the other three in pixels.
        stride: of the convolution.
        padding: zeros on either side.
        dilation: of the kernel.

    Returns:
        (k, c, *kernel), channels last.
    """
    pixels, above = images.permute(0, 2, 3, 1).contiguous(), gradient.permute(0, 2, 3, 1).contiguous()
    if any(padding):
        pixels = F.pad(pixels, (0, 0, padding[1], padding[1], padding[0], padding[0]))
    n, height, width, n_out = above.shape
    down, right, channel = pixels.stride()[1:]
    steps = (pixels.stride(0), down * stride[0], right * stride[1], down * dilation[0], right * dilation[1], channel)
    windows = pixels.as_strided((n, height, width, *kernel, pixels.shape[3]), steps)
    n_weights = kernel[0] * kernel[1] * pixels.shape[3]
    summed = gradient.new_zeros(n_out, n_weights)
    together = max(1, _MATRIX_FLOATS // (height * width * n_weights))
    for some, gradients in zip(windows.split(together), above.split(together), strict=True):
        summed.addmm_(gradients.reshape(-1, n_out).t(), some.reshape(-1, n_weights))
    return summed.view(n_out, *kernel, -1).permute(0, 3, 1, 2)
