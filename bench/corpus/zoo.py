"""The classifiers of the corpus: one of every family, the smallest, at the smallest image that it takes, and the habits."""

import torch
from torch import nn

from habits import HABITS
from habits.parts import Habit
from lively import CLASSES

# Family: image size (None: the family's own).
TORCHVISION = {
    "alexnet": 224, "convnext_tiny": 64, "densenet121": 64, "efficientnet_b0": 64, "efficientnet_v2_s": 64,
    "googlenet": 64, "inception_v3": 96, "maxvit_t": 224, "mnasnet0_5": 64, "mobilenet_v2": 64,
    "mobilenet_v3_small": 64, "regnet_x_400mf": 64, "regnet_y_400mf": 64, "resnet18": 64, "resnet50": 64,
    "resnext50_32x4d": 64, "shufflenet_v2_x0_5": 64, "squeezenet1_1": 64, "swin_t": 64, "swin_v2_t": 64,
    "vgg11": 224, "vgg11_bn": 32, "vit_b_32": 224, "wide_resnet50_2": 64,
}

# Family: (image size, options). A size of None is the family's own.
TIMM = {
    "resnet18": (64, {}), "resnet18d": (64, {}), "resnext26ts": (64, {}), "seresnet18": (64, {}),
    "seresnext26t_32x4d": (64, {}), "ecaresnet26t": (64, {}), "gcresnext26ts": (64, {}), "resnetblur18": (64, {}),
    "resnetaa34d": (64, {}), "resnetv2_18": (64, {}), "efficientnet_b0": (64, {}), "tf_efficientnet_b0": (64, {}),
    "efficientnetv2_rw_t": (64, {}), "mobilenetv1_100": (64, {}), "mobilenetv2_050": (64, {}),
    "mobilenetv3_small_050": (64, {}), "tf_mobilenetv3_small_075": (64, {}), "mobilenetv4_conv_small": (64, {}),
    "mobilenetv4_hybrid_medium": (96, {}), "regnetx_002": (64, {}), "regnety_002": (64, {}), "regnetz_b16": (64, {}),
    "convnext_atto": (64, {}), "convnextv2_atto": (64, {}),
    "vit_tiny_patch16_224": (64, dict(depth=3)), "vit_relpos_small_patch16_224": (64, dict(depth=3)),
    "vit_small_r26_s32_224": (64, dict(depth=2)), "deit_tiny_distilled_patch16_224": (64, dict(depth=3)),
    "deit3_small_patch16_224": (64, dict(depth=3)), "vit_little_patch16_reg4_gap_256": (64, dict(depth=3)),
    "vit_base_patch16_siglip_224": (64, dict(depth=2)), "flexivit_small": (None, dict(depth=2)),
    "swin_tiny_patch4_window7_224": (None, dict(depths=(2, 2, 2, 2), embed_dim=48)), "swin_s3_tiny_224": (None, dict(depths=(2, 2, 2, 2), embed_dim=48)),
    "swinv2_cr_tiny_ns_224": (None, dict(depths=(2, 2, 2, 2), embed_dim=48)),
    "swinv2_tiny_window8_256": (None, dict(depths=(2, 2, 2, 2), embed_dim=48)),
    "beit_base_patch16_224": (64, dict(depth=2)), "cait_xxs24_224": (64, dict(depth=4)),
    "mixer_s32_224": (64, {}), "resmlp_12_224": (64, {}),
    "gmlp_ti16_224": (64, {}), "gmixer_12_224": (64, {}),
    "poolformer_s12": (64, {}), "poolformerv2_s12": (64, {}), "convformer_s18": (64, {}), "caformer_s18": (64, {}),
    "coat_lite_tiny": (64, {}), "coat_tiny": (None, {}), "coatnet_0_rw_224": (None, {}), "coatnet_pico_rw_224": (None, {}),
    "twins_svt_small": (None, {}), "twins_pcpvt_small": (None, {}), "pvt_v2_b0": (64, {}), "pvt_v2_b2_li": (64, {}),
    "maxvit_pico_rw_256": (256, {}), "maxxvit_rmlp_nano_rw_256": (256, {}), "maxvit_tiny_tf_224": (None, {}),
    "levit_128s": (None, {}), "efficientformer_l1": (None, {}), "efficientformerv2_s0": (None, {}),
    "edgenext_xx_small": (64, {}), "fastvit_t8": (64, {}), "fastvit_sa12": (64, {}), "repvit_m0_9": (64, {}),
    "ghostnet_050": (64, {}), "ghostnetv2_100": (64, {}), "ghostnetv3_050": (64, {}), "hrnet_w18_small": (64, {}),
    "inception_v3": (96, {}), "inception_v4": (96, {}), "inception_resnet_v2": (96, {}), "xception41": (64, {}),
    "legacy_xception": (96, {}), "densenet121": (64, {}), "densenetblur121d": (64, {}), "dla34": (64, {}),
    "dla46x_c": (64, {}), "dla60_res2net": (64, {}), "dpn48b": (64, {}), "vgg11_bn": (64, {}),
    "nfnet_l0": (64, {}), "dm_nfnet_f0": (64, {}), "nf_regnet_b0": (64, {}), "nf_resnet50": (64, {}),
    "rexnet_100": (64, {}), "tresnet_m": (64, {}), "visformer_tiny": (None, {}), "volo_d1_224": (None, {}),
    "crossvit_9_240": (None, {}), "crossvit_9_dagger_240": (None, {}), "convmixer_768_32": (64, {}),
    "sequencer2d_s": (None, {}), "mambaout_femto": (64, {}), "hgnet_tiny": (64, {}), "hgnetv2_b0": (64, {}),
    "tinynet_e": (64, {}), "lcnet_050": (64, {}), "lcnetv2_small": (64, {}), "mnasnet_small": (64, {}),
    "semnasnet_075": (64, {}), "fbnetc_100": (64, {}), "fbnetv3_b": (64, {}), "spnasnet_100": (64, {}), "hardcorenas_a": (64, {}),
    "mixnet_s": (64, {}), "res2net50_14w_8s": (64, {}), "resnest14d": (64, {}), "skresnet18": (64, {}), "selecsls42b": (64, {}),
    "cspresnet50": (64, {}), "cspdarknet53": (64, {}), "cs3darknet_focus_s": (64, {}), "darknet17": (64, {}), "ese_vovnet19b_slim": (64, {}),
    "eca_vovnet39b": (64, {}), "eva02_tiny_patch14_224": (56, dict(depth=3)), "davit_tiny": (None, {}), "focalnet_tiny_srf": (64, {}),
    "gcvit_xxtiny": (None, {}), "hiera_tiny_224": (None, {}), "hieradet_small": (None, {}), "nest_tiny": (None, {}), "pit_ti_224": (None, {}),
    "xcit_nano_12_p16_224": (64, {}), "tiny_vit_5m_224": (None, {}), "mvitv2_tiny": (None, {}),
    "mobilevit_xxs": (64, {}), "mobilevitv2_050": (64, {}), "bat_resnext26ts": (256, {}), "botnet26t_256": (256, {}),
    "halonet26t": (256, {}), "lambda_resnet26t": (256, {}), "eca_botnext26ts_256": (256, {}), "sehalonet33ts": (256, {}),
    "convit_tiny": (None, {}), "efficientvit_b0": (64, {}), "efficientvit_m0": (None, {}), "fasternet_t0": (64, {}),
    "inception_next_atto": (64, {}), "nextvit_small": (64, {}), "rdnet_tiny": (64, {}), "repghostnet_050": (64, {}),
    "repvgg_a0": (64, {}), "mobileone_s0": (64, {}), "gernet_s": (64, {}), "legacy_senet154": (64, {}), "legacy_seresnet18": (64, {}),
    "shvit_s1": (64, {}), "starnet_s050": (64, {}), "swiftformer_xs": (64, {}), "tnt_s_patch16_224": (None, {}),
    "vitamin_small_224": (None, {}), "vovnet39a": (64, {}), "pnasnet5large": (96, {}), "nasnetalarge": (96, {}), "samvit_base_patch16_224": (None, dict(depth=2, embed_dim=192, num_heads=3)),
    "csatv2": (None, {}), "cspnext_tiny": (64, {}), "cpubone_b0_bfrobust": (64, {}), "efficientvim_m1": (64, {}), "iformer_t": (None, {}),
    "lowformer_b0": (64, {}), "mobilenetv5_300m": (None, {}), "naflexvit_base_patch16_gap": (None, dict(depth=2)),
    "qwen3_vit_88m": (None, dict(depth=2)), "test_efficientnet_gn": (64, {}), "efficientnet_b0_g16_evos": (64, {}),
    "resnet50_gn": (64, {}), "ese_vovnet39b_evos": (64, {}), "convnext_atto_rms": (64, {}), "cs3se_edgenet_x": (64, {}),
    "resnetrs50": (64, {}), "vit_so150m_patch16_reg4_map_256": (64, dict(depth=2)), "vit_base_patch16_rope_224": (64, dict(depth=2)),
    "vit_small_patch16_dinov3": (64, dict(depth=2)), "aimv2_large_patch14_224": (56, dict(depth=2)), "vit_medium_patch16_rope_reg1_gap_256": (64, dict(depth=2)),
}

VISION = dict(image_size=64, hidden_size=48, num_hidden_layers=3, num_attention_heads=4, intermediate_size=96)

# Class before `ForImageClassification`: (image size, configuration).
TRANSFORMERS = {
    "ViT": (64, VISION), "DeiT": (64, VISION), "ViTMSN": (64, VISION), "IJepa": (64, VISION),
    "Beit": (64, dict(VISION, use_relative_position_bias=True, use_mean_pooling=True)),
    "Data2VecVision": (64, dict(VISION, use_relative_position_bias=True)),
    "Dinov2": (56, dict(VISION, image_size=56, patch_size=14)),
    "Dinov2WithRegisters": (56, dict(VISION, image_size=56, patch_size=14)),
        "Swin": (64, dict(image_size=64, embed_dim=24, depths=[2, 2], num_heads=[2, 4], window_size=4)),
    "Swinv2": (64, dict(image_size=64, embed_dim=24, depths=[2, 2], num_heads=[2, 4], window_size=4)),
    "DonutSwin": (64, dict(image_size=64, embed_dim=24, depths=[2, 2], num_heads=[2, 4], window_size=4)),
    "ConvNext": (64, dict(hidden_sizes=[16, 24, 32, 48], depths=[1, 1, 2, 1])),
    "ConvNextV2": (64, dict(hidden_sizes=[16, 24, 32, 48], depths=[1, 1, 2, 1])),
    "MobileViT": (64, dict(image_size=64, hidden_sizes=[24, 32, 40], neck_hidden_sizes=[8, 12, 16, 24, 32, 40, 64])),
    "MobileViTV2": (64, dict(image_size=64, width_multiplier=0.5)),
    "Segformer": (64, dict(hidden_sizes=[16, 24, 32, 48], depths=[1, 1, 1, 1])),
    "ResNet": (64, dict(embedding_size=16, hidden_sizes=[16, 24, 32, 48], depths=[1, 1, 1, 1])),
    "RegNet": (64, dict(embedding_size=16, hidden_sizes=[16, 32, 48, 64], depths=[1, 1, 1, 1], groups_width=8)),
    "Bit": (64, dict(embedding_size=32, hidden_sizes=[32, 64, 64, 96], depths=[1, 1, 1, 1], num_groups=8)),
    "Levit": (224, dict(depths=[1, 1, 1])),
    "Cvt": (64, dict(embed_dim=[16, 24, 48], num_heads=[1, 2, 4], depth=[1, 2, 3])),
    "PoolFormer": (64, dict(hidden_sizes=[16, 24, 32, 48], depths=[1, 1, 1, 1])),
    "Pvt": (64, dict(image_size=64, hidden_sizes=[16, 24, 32, 48], depths=[1, 1, 1, 1], num_attention_heads=[1, 2, 4, 4])),
    "PvtV2": (64, dict(image_size=64, hidden_sizes=[16, 24, 32, 48], depths=[1, 1, 1, 1], num_attention_heads=[1, 2, 4, 4])),
    "SwiftFormer": (64, dict(image_size=64, depths=[1, 1, 1, 1], embed_dims=[16, 24, 32, 48])),
    "EfficientNet": (64, dict(width_coefficient=0.5, depth_coefficient=0.5, hidden_dim=640)),
    "MobileNetV1": (64, dict(depth_multiplier=0.5)), "MobileNetV2": (64, dict(depth_multiplier=0.5)),
    "FocalNet": (64, dict(image_size=64, embed_dim=24, depths=[1, 1, 2, 1])),
    "Hiera": (224, dict(embed_dim=24, depths=[1, 1, 2, 1])),
    "CLIP": (64, dict(vision_config=dict(VISION, patch_size=16))), "Siglip": (64, dict(vision_config=dict(VISION, patch_size=16))),
    "TextNet": (64, {}), "HGNetV2": (64, {}), "Perceiver": (224, dict(num_latents=16, d_latents=64, d_model=322, num_blocks=1, num_self_attends_per_block=2, num_self_attention_heads=4, num_cross_attention_heads=1)),
    "MetaClip2": (64, dict(vision_config=dict(VISION, patch_size=16))),
}


def names():
    return (
        [f"torchvision.{name}" for name in TORCHVISION]
        + [f"timm.{name}" for name in TIMM]
        + [f"transformers.{name}" for name in TRANSFORMERS]
        + [f"habits.{name}" for name in HABITS]
    )


def ways(name):
    """The ways of exporting it, if no others are asked for."""
    library, family = name.split(".", 1)
    return HABITS[family].ways if library == "habits" else Habit.ways


def build(name):
    """The model as it is exported, and the habit of feeding and reading it."""
    library, family = name.split(".", 1)
    if library == "habits":
        return HABITS[family].make(), HABITS[family]
    model, size = {"torchvision": of_torchvision, "timm": of_timm, "transformers": of_transformers}[library](family)
    return model, Habit(make=None, size=size)


class Read(nn.Module):
    """A model of images [N, C, H, W] in [0, 1] to logits, whatever its maker has it take and answer."""

    def __init__(self, model, habit):
        super().__init__()
        self.model = model
        self.habit = habit

    def forward(self, images):
        if self.habit.single:
            return torch.stack([self.model(image) for image in images])
        outputs = self.model(images if self.habit.takes is None else self.habit.takes(images))
        return outputs if self.habit.logits is None else self.habit.logits(outputs)


def of_torchvision(family):
    import torchvision

    options = dict(init_weights=True, aux_logits=True) if family in ("googlenet", "inception_v3") else {}
    return torchvision.models.get_model(family, num_classes=CLASSES, **options), TORCHVISION[family]


def of_timm(family):
    import timm

    size, options = TIMM[family]
    try:
        sized = {} if size is None else dict(img_size=size)
        model = timm.create_model(family, num_classes=CLASSES, **options, **sized)
    except TypeError as error:
        if "img_size" not in str(error):
            raise
        model = timm.create_model(family, num_classes=CLASSES, **options)
    return model, size or model.pretrained_cfg["input_size"][-1]


def of_transformers(family):
    import transformers

    class Logits(nn.Module):
        def __init__(self, model):
            super().__init__()
            self.model = model

        def forward(self, pixels):
            return self.model(pixels).logits

    size, options = TRANSFORMERS[family]
    ending = "ForImageClassificationConvProcessing" if family == "Perceiver" else "ForImageClassification"
    kind = getattr(transformers, family + ending)
    return Logits(kind(kind.config_class(**options, num_labels=CLASSES))), size
