"""Topics of events behind one small port; drivers are chosen in `libs.common.engines` alone."""

from libs.common.bus.port import BatchHandler, Bus, FollowHandler, Message, MessageTooLarge, TopicSpec

__all__ = ["BatchHandler", "Bus", "FollowHandler", "Message", "MessageTooLarge", "TopicSpec"]
